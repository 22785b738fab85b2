import type { DeadLetter } from '@leanmq/core';

import { keyOf } from '../check/due.js';
import type { Stage } from '../stage/stage.js';
import { until } from '../stage/wait.js';
import { terminal } from '../terminal.js';
import { describeRuns, endsOf, expect } from './expect.js';

const PATH = 'notification';

/** A message never succeeds, is kept with its error, and is replayed when the fault is gone. */
export async function deadLetter(stage: Stage): Promise<void> {
  terminal.title('3. A message that never succeeds');
  const order = stage.shop.next('shipped');
  const { orderId } = order;
  const notifications = stage.service('notifications');
  const dead = stage.operator.deadLetters(PATH, 'notifications');

  terminal.say(
    `The mail provider is down for ${orderId}. The handler of /${PATH}/ gets 3 attempts.`,
  );
  await notifications.breakIt({ kind: 'fails', orderId });
  await stage.shop.order(order);
  const runs = await endsOf(stage, 'notifications', PATH, orderId, 3);
  describeRuns(runs).forEach(terminal.detail);
  const letter = await until(
    async () => (await dead.list())[0],
    () => `no dead letter for ${orderId}`,
  );
  terminal.say('It is a dead letter now, with all that is known of it:');
  for (const line of describe(letter)) terminal.detail(line);
  await stage.settled({ except: `notifications ${keyOf({ path: PATH, id: orderId })}` });
  terminal.proven('Nothing else waited for it.');

  await notifications.repair();
  const replayed = await dead.replay(letter.id);
  stage.replayed.notifications += replayed.length;
  terminal.say('The mail provider works again. The dead letter is replayed.');
  const afterwards = (await endsOf(stage, 'notifications', PATH, orderId, 4)).slice(3);
  describeRuns(afterwards).forEach(terminal.detail);
  await stage.settled();
  expect(afterwards[0]?.deed === 'done', 'the replayed message is done');
  expect((await dead.count()) === 0, 'no dead letter is left');
  terminal.proven('Done, and no dead letter is left.');
}

function describe(letter: DeadLetter): string[] {
  const { messageId, path, group, reason, attempts, error, data } = letter;
  return [
    `message    ${messageId} on /${path}/, of the group ${group}`,
    `reason     ${reason}, after ${attempts} attempts`,
    `error      ${error?.name ?? '?'}: ${error?.message ?? '?'}`,
    `payload    ${JSON.stringify(data)}`,
  ];
}
