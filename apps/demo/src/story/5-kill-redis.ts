import { setTimeout as sleep } from 'node:timers/promises';

import type { AcceptedOrder } from '../check/evidence.js';
import type { Stage } from '../stage/stage.js';
import { stopwatch } from '../stage/wait.js';
import { terminal } from '../terminal.js';

const EVERY_MS = 25;
const BEFORE_MS = 1_000;
const OUTAGE_MS = 3_000;
const AFTER_MS = 1_000;

/** Redis is killed and restarted while orders keep coming. */
export async function killRedis(stage: Stage): Promise<void> {
  terminal.title('5. Redis is killed');
  if (!stage.hasOwnServer) {
    terminal.say(
      'Skipped: the Redis is yours. Without --redis the demo starts one that it may kill.',
    );
    return;
  }
  const { server, shop } = stage;

  terminal.say(`Orders come in, one every ${EVERY_MS} ms, and do not stop.`);
  const customers = keepOrdering(stage);
  await sleep(BEFORE_MS);
  await server.kill('SIGKILL');
  const down = stopwatch();
  terminal.say('Redis is killed with SIGKILL.');
  await sleep(OUTAGE_MS);
  await server.restart();
  terminal.say(`Redis is back after ${down()}, with what its append-only file holds.`);
  await sleep(AFTER_MS);
  const orders = await customers.stop();

  const took = stopwatch();
  await stage.settled();
  const again = orders.filter(({ orderId }) => shop.sentAgain.has(orderId)).length;
  terminal.say(
    `${orders.length} orders were accepted, ${again} of them only when they were sent again.`,
  );
  terminal.proven(`All are done, ${took()} after the last one was accepted.`);
}

/** A new order at each tick, whatever became of the ones before. */
function keepOrdering({ shop }: Stage): { stop: () => Promise<AcceptedOrder[]> } {
  const orders: Promise<AcceptedOrder>[] = [];
  const timer = setInterval(() => {
    const order = shop.order();
    // It is looked at in the end; until then nobody may call it unhandled.
    order.catch(() => undefined);
    orders.push(order);
  }, EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return Promise.all(orders);
    },
  };
}
