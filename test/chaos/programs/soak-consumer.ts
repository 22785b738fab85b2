/** Handles messages, and records their numbers. */
import { LeanMQ } from '@leanmq/core';

import { PREFIX, TIMES } from '../setting.js';
import { PATH, type SoakConsumerSettings, type SoakTask } from '../soak/setting.js';
import { Tally } from '../soak/tally.js';
import { begin, endOnTerm, settingsOf, tellOfTroubles } from './life.js';

const settings = settingsOf<SoakConsumerSettings>();
const mq = new LeanMQ({
  redis: settings.redis,
  prefix: PREFIX,
  group: settings.group,
  consumerName: settings.slot,
  silenceMs: TIMES.silenceMs,
  connect: 'wait',
  handlers: { concurrency: 64, backoff: { type: 'fixed', delayMs: 100 } },
});
const history = begin(settings, mq.consumer);
tellOfTroubles(mq, history);
endOnTerm(mq, history);

const tally = new Tally(settings.tally);
await mq.consume<SoakTask>(PATH, ({ data, attempt }) => {
  if (data.fails === true && attempt === 1) throw new Error('told to fail');
  tally.add(data.n);
});
