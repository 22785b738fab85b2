import type { AccountLine } from '../../../shared/demo/account.js';
import { keyOf } from '../check/due.js';
import { LEASE_MS, type Stage } from '../stage/stage.js';
import { stopwatch, until } from '../stage/wait.js';
import { terminal } from '../terminal.js';
import { expect } from './expect.js';

/** More than the handler takes at once: some are waiting when the process dies. */
const ORDERS = 24;
/** Longer than it takes to see that a handler has begun, and to kill its process. */
const SLOW_MS = 2_000;

/** A service is killed in the middle of its work; the restarted one finishes it. */
export async function killAService(stage: Stage): Promise<void> {
  terminal.title('4. kill -9 in the middle of the work');
  const inventory = stage.service('inventory');
  const { pid } = inventory;

  await inventory.breakIt({ kind: 'slow', ms: SLOW_MS });
  await Promise.all(
    Array.from({ length: ORDERS }, () => stage.shop.order(stage.shop.next('placed'))),
  );
  terminal.say(`${ORDERS} orders, and a warehouse that takes ${SLOW_MS / 1_000} s for each.`);
  await until(
    () => unfinished(inventory.records.account, pid).length > 0,
    () => 'inventory has not begun',
  );
  await inventory.kill();
  stage.killedPids.push(pid);
  const interrupted = unfinished(inventory.records.account, pid);
  expect(interrupted.length > 0, 'the killed process was in the middle of its work');
  terminal.say(
    `inventory (process ${pid}) had begun with ${interrupted.length} of them when it was killed.`,
  );

  const took = stopwatch();
  await inventory.start();
  terminal.say(
    `Restarted as process ${inventory.pid}. It takes them over when their leases of ${LEASE_MS / 1_000} s have run out.`,
  );
  await stage.settled();
  const finished = new Set(
    inventory.records.account
      .filter((line) => line.deed === 'done' && line.pid === inventory.pid)
      .map(keyOf),
  );
  expect(
    interrupted.every((key) => finished.has(key)),
    'the restarted process finishes them',
  );
  terminal.proven(
    `All ${ORDERS} are done, ${interrupted.length} of them for a dead process (${took()}).`,
  );
}

/** The messages that a process has begun with and not ended. */
function unfinished(account: readonly AccountLine[], pid: number): string[] {
  const own = account.filter((line) => line.pid === pid);
  const ended = new Set(own.filter(({ deed }) => deed !== 'begin').map(keyOf));
  return [...new Set(own.map(keyOf))].filter((key) => !ended.has(key));
}
