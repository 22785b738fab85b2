/**
 * Collects how many tests ran over several runs of Jest: each run leaves a file in the folder that
 * LEANMQ_TEST_RESULTS names (a second run of the same tests has a name of its own, LEANMQ_TEST_RUN), and `node tools/test-results.mjs <folder>` adds them up.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @param {string} run the name of the run, which becomes the name of its file
 * @returns {string[]} what to add to Jest's arguments; nothing if nobody collects
 */
export function resultsArguments(run) {
  const folder = process.env['LEANMQ_TEST_RESULTS'];
  return folder ? ['--json', `--outputFile=${join(resolve(folder), `${run}.json`)}`] : [];
}

/**
 * @param {{ numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number }[]} runs
 * @returns {string} `N passed, N failed`
 */
export function summary(runs) {
  let passed = 0;
  let failed = 0;
  for (const run of runs) {
    passed += run.numPassedTests;
    // A file that could not even be loaded has no tests to fail.
    failed += run.numFailedTests + run.numRuntimeErrorTestSuites;
  }
  return `${passed} passed, ${failed} failed`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? '';
  const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.json')) : [];
  console.log(summary(files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))));
}
