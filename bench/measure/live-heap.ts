import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY_MS = 50;

/**
 * Looks at what is alive while something runs, after a garbage collection each time: whatever else the process holds is
 * only not collected yet. That takes time, so that nothing else is measured meanwhile.
 *
 * @returns how much more was alive at most than before, bytes
 */
export async function liveGrowth(run: () => Promise<unknown>): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const live = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = live();
  let most = before;
  const look = setInterval(() => (most = Math.max(most, live())), EVERY_MS);
  try {
    await run();
  } finally {
    clearInterval(look);
  }
  return most - before;
}
