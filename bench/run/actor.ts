import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import type { Actor, Reading } from '../works/index.js';
import { STOP, type Report, type Task } from './task.js';

const running = new Set<ChildProcess>();

/** Starts a process of its own for a task. */
export function startActor(worker: string, task: Task): Actor {
  const child = fork(worker, [JSON.stringify(task)], {
    // No source maps: with them every stack that is kept with a failed attempt would cost many times as much.
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let reading: Reading | undefined;
  let failure: string | undefined;
  const ended = once(child, 'exit').then(([code]: unknown[]) => {
    if (reading !== undefined) return reading;
    const why = failure ?? `ended with ${String(code)}`;
    throw new Error(`${task.work}, ${task.contestant}, ${task.role}: ${why}`);
  });
  const ready = new Promise<void>((resolve, reject) => {
    child.on('message', (report: Report) => {
      if (report.kind === 'ready') resolve();
      else if (report.kind === 'done') reading = report.reading;
      else failure = report.stack;
    });
    ended.then(() => resolve(), reject);
  });
  // Not everybody waits for both.
  ready.catch(() => undefined);
  return {
    pid: child.pid as number,
    ready,
    reading: ended,
    stop: () => child.send(STOP),
  };
}

/** Ends what a failed measurement has left running. */
export async function endActors(): Promise<void> {
  await Promise.all(
    [...running].map((child) => {
      child.kill('SIGKILL');
      return once(child, 'exit');
    }),
  );
}
