import type { Stage } from '../stage/stage.js';
import { terminal } from '../terminal.js';
import { describeRuns, endsOf, expect, linesOf } from './expect.js';

const PATH = 'order/status';

/** A handler fails twice and succeeds the third time. */
export async function retry(stage: Stage): Promise<void> {
  terminal.title('2. A handler fails twice');
  const order = stage.shop.next('placed');
  const { orderId } = order;
  const inventory = stage.service('inventory');

  terminal.say(`The warehouse will not answer inventory's next two calls for ${orderId}.`);
  await inventory.breakIt({ kind: 'fails', orderId, times: 2 });
  await stage.shop.order(order);
  const runs = await endsOf(stage, 'inventory', PATH, orderId, 3);
  describeRuns(runs).forEach(terminal.detail);
  await inventory.repair();
  await stage.settled();

  expect(
    runs.map(({ deed }) => deed).join() === 'failed,failed,done',
    'the third attempt succeeds',
  );
  for (const other of ['orders', 'notifications'] as const) {
    const begun = linesOf(stage, other, PATH, orderId).filter(({ deed }) => deed === 'begin');
    expect(begun.length === 1, `${other} gets ${orderId} once`);
  }
  terminal.proven('Done. The other two services had it once: a retry is for one group only.');
}
