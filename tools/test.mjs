/**
 * `npm test [-- jest arguments]`: runs all tests, on a fresh clone too.
 *
 * Redis is looked for, started and stopped by Jest's global setup, and only if a test that needs
 * it was asked for.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { resultsArguments } from './test-results.mjs';
import { root, setUp } from './setup.mjs';

setUp();

const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    ...resultsArguments(process.env['LEANMQ_TEST_RUN'] ?? 'workspace'),
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
);

// Jest ends, and with it its Redis; this process only has to wait and to pass the exit code on.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => jest.kill(signal));
}
jest.on('exit', (code) => process.exit(code ?? 1));
