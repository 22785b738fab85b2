/**
 * `npm run check`: the one gate. Everything that must hold before a change is merged, the quick
 * checks first; stops at the first that fails.
 */
import { spawnSync } from 'node:child_process';
import { root, setUp } from './setup.mjs';

/** Scripts of package.json. Each can be run alone, with `npm run <name>`. */
const STEPS = [
  'lint',
  'format:check',
  'types',
  'imports',
  'build',
  'packages',
  'reference:check',
  'test',
];

/** @type {{ step: string, seconds: string, result: string }[]} */
const table = [];

/**
 * @param {string} step
 * @param {() => boolean} action
 */
function perform(step, action) {
  console.log(`\n── ${step} ${'─'.repeat(60 - step.length)}`);
  const startedAt = performance.now();
  const passed = action();
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`── ${step}: ${passed ? 'passed' : 'failed'} in ${seconds} s`);
  table.push({ step, seconds, result: passed ? 'passed' : 'failed' });
  return passed;
}

/** @param {string} script */
function npmRun(script) {
  const { status } = spawnSync('npm', ['run', '--silent', script], { cwd: root, stdio: 'inherit' });
  return status === 0;
}

function setup() {
  try {
    setUp();
    return true;
  } catch (error) {
    console.error(error);
    return false;
  }
}

const passed = perform('setup', setup) && STEPS.every((step) => perform(step, () => npmRun(step)));

console.log('\nSummary');
for (const { step, seconds, result } of table) {
  console.log(`  ${step.padEnd(14)} ${seconds.padStart(7)} s  ${result}`);
}
const failed = table.find(({ result }) => result === 'failed')?.step;
console.log(
  passed
    ? '\nAll checks passed.'
    : `\nFailed: ${failed}. To run it alone: ${failed === 'setup' ? 'npm ci' : `npm run ${failed}`}`,
);
process.exitCode = passed ? 0 : 1;
