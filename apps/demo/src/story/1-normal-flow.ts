import type { Stage } from '../stage/stage.js';
import { stopwatch } from '../stage/wait.js';
import { terminal } from '../terminal.js';
import { expect } from './expect.js';

const ORDERS = 30;

/** Orders come in, and all three services deal with them. */
export async function normalFlow(stage: Stage): Promise<void> {
  terminal.title('1. Orders come in');
  const { shop } = stage;

  const refused = await shop.post({ userId: 'ada', quantity: 0 });
  expect(refused.status === 400, 'an order without a product is refused');
  const { message } = (await refused.json()) as { message: string[] };
  terminal.say(`An order that makes no sense is refused with ${refused.status}:`);
  for (const violation of message) terminal.detail(violation);

  const took = stopwatch();
  const orders = await Promise.all(Array.from({ length: ORDERS }, () => shop.order()));
  const shipped = orders.filter((order) => order.shipped).length;
  terminal.say(
    `${orders.length} orders posted, each answered 202. ${shipped} of them are shipped.`,
  );
  terminal.say(
    'For a shipped order one transaction updates the inventory and notifies the customer.',
  );
  await stage.settled();
  terminal.proven(
    `Each service handled all ${orders.length}, and ${shipped} updates and ${shipped} notifications followed (${took()}).`,
  );
}
