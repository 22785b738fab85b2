import 'reflect-metadata';

import { once } from 'node:events';

import { loadContestant } from './contestants/index.js';
import { countCommands } from './measure/commands.js';
import { Meter } from './measure/meter.js';
import { Profiler } from './measure/profiler.js';
import { watchServer } from './measure/server.js';
import { STOP, type Report, type Task } from './run/task.js';
import { WORKS } from './works/index.js';

/** A process that plays one role of one work, once, and ends. */
async function main(): Promise<void> {
  const { work, role, contestant, size, url, serverPid, profile } = JSON.parse(
    process.argv[2] ?? '',
  ) as Task;
  const play = WORKS.find(({ id }) => id === work)?.roles[role];
  if (play === undefined) throw new Error(`${work} has no role ${role}.`);
  // Whoever started this process is gone, and with it the reason to go on.
  process.once('disconnect', () => process.exit(1));
  countCommands();
  const watch = await watchServer(url, serverPid);
  const profiler = profile === undefined ? undefined : new Profiler(profile);
  const reading = await play({
    ...{ name: contestant, size, url, watch },
    contestant: await loadContestant(contestant),
    meter: new Meter(watch, profiler),
    ready: () => tell({ kind: 'ready' }),
    stopAsked: stopAsked(),
  });
  profiler?.write();
  watch.close();
  tell({ kind: 'done', reading });
}

async function stopAsked(): Promise<void> {
  for (;;) {
    const [message] = (await once(process, 'message')) as unknown[];
    if (message === STOP) return;
  }
}

function tell(report: Report): void {
  process.send?.(report, () => {
    // Whatever a contestant has left open must not keep the benchmark waiting.
    if (report.kind !== 'ready') process.exit(report.kind === 'done' ? 0 : 1);
  });
}

main().catch((error: unknown) => {
  tell({ kind: 'failed', stack: error instanceof Error ? String(error.stack) : String(error) });
});
