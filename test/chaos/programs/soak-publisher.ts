/** Publishes at a fixed rate for a fixed time, and records the numbers of accepted messages. */
import { setTimeout as sleep } from 'node:timers/promises';

import { LeanMQ } from '@leanmq/core';

import { PREFIX, TIMES } from '../setting.js';
import { PATH, type SoakPublisherSettings, type SoakTask } from '../soak/setting.js';
import { Tally, numberOf } from '../soak/tally.js';
import { begin, endOnTerm, settingsOf, tellOfTroubles } from './life.js';

const TICK_MS = 10;
const FAIL_EVERY = 50;
const DELAY_EVERY = 100;

const settings = settingsOf<SoakPublisherSettings>();
const mq = new LeanMQ({
  redis: settings.redis,
  prefix: PREFIX,
  group: 'publishers',
  consumerName: settings.slot,
  silenceMs: TIMES.silenceMs,
  connect: 'wait',
});
const history = begin(settings);
tellOfTroubles(mq, history);
const ending = new AbortController();
endOnTerm(mq, history, () => ending.abort());

const tally = new Tally(settings.tally);
const text = 'x'.repeat(160);
const startAt = Date.now();
let sent = 0;
let failed = 0;
let isOpen = 0;
while (!ending.signal.aborted && Date.now() - startAt < settings.forMs) {
  const due = Math.floor(((Date.now() - startAt) * settings.perSecond) / 1_000);
  while (sent < due) publish(sent++);
  await sleep(TICK_MS);
}
while (isOpen > 0) await sleep(TICK_MS);
history.write({ e: 'tally', at: Date.now(), sent, failed });
history.write({ e: 'finished', at: Date.now() });

function publish(index: number): void {
  const n = numberOf(settings.index, index);
  const task: SoakTask = { n, text, ...(index % FAIL_EVERY === 0 && { fails: true }) };
  const options = index % DELAY_EVERY === 1 ? { delayMs: 500 } : undefined;
  isOpen += 1;
  mq.publish(PATH, task, options)
    .then(
      () => tally.add(n),
      () => (failed += 1),
    )
    .finally(() => (isOpen -= 1));
}
