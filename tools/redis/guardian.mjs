/**
 * Outlives the process that started a Redis by a moment, to kill it and to remove its folder.
 *
 * Exit handlers are not enough for that: they do not run on SIGKILL, and a test framework hides
 * the real `process` from the tests. The end of a pipe is seen in every case.
 *
 * Each line on the standard input is the whole list of what to do when it ends:
 * `{ "commands": string[][], "folders": string[] }`.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** @type {{ commands: string[][], folders: string[] }} */
let will = { commands: [], folders: [] };

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => (will = JSON.parse(line)));
lines.on('close', () => {
  for (const [command = '', ...args] of will.commands) spawnSync(command, args);
  for (const folder of will.folders) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
});
