/**
 * Checks that comments, texts and pages say things in plain English: `node tools/words.mjs [files or folders]`
 *
 * Each rule names a phrase that a native reader stumbles over and what to write in its place. The
 * words for LeanMQ's own things are in ARCHITECTURE.md.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './setup.mjs';

/**
 * @typedef {object} Rule
 * @property {RegExp} pattern
 * @property {string} remedy
 */

/** @type {Rule[]} */
const RULES = [
  { pattern: /\bunless told\b/i, remedy: 'give the default: `@default 30_000`' },
  { pattern: /\banew\b/i, remedy: '"again"' },
  { pattern: /\botherwise than\b/i, remedy: '"anything but"' },
  { pattern: /\bsomething else than\b/i, remedy: '"anything but"' },
  { pattern: /(?<!\bthere )\b(?:is|are|was|were) none\b(?! of)/i, remedy: '"is not one"' },
  { pattern: /\bof ours\b/i, remedy: '"our"' },
  { pattern: /\bof the users?['’]s?\b/i, remedy: '"custom"' },
  { pattern: /\bfor long\b/i, remedy: '"for a long time", or the time itself' },
  { pattern: /\b(?:tells?|told|telling) of\b/i, remedy: '"report"' },
  { pattern: /\b(?:go|goes|going|gone|went) on with\b/i, remedy: '"resume" or "continue"' },
  { pattern: /\bby then\b/i, remedy: 'name the moment' },
  {
    pattern: /^\s*(?:\/\*\*|\*)\s(?:What|Who|Whether|How|Those|Of)\s/,
    remedy: "begin a function's doc with a verb, and a type's or a field's with a noun",
  },
];

/** Of a source, what people read: its comments and its texts. */
const PROSE = /\/\*|^\s*\*|\/\/|--|['"`]/;
const CHECKED = /\.(?:ts|mts|mjs|cjs|lua|md)$/;
/** This file and its test name the phrases. */
const EXEMPT = /^(?:tools\/words(?:\.spec)?\.mjs$|docs\/reference\/)/;

/**
 * @param {string} name of the file
 * @param {string} text its content
 * @returns {string[]} `file:line: "phrase": remedy`, for each phrase that a rule refuses
 */
export function complaints(name, text) {
  const isPage = name.endsWith('.md');
  return text.split('\n').flatMap((line, index) => {
    if (!isPage && !PROSE.test(line)) return [];
    return RULES.flatMap(({ pattern, remedy }) => {
      const [phrase] = pattern.exec(line) ?? [];
      return phrase === undefined
        ? []
        : [`${name}:${index + 1}: "${phrase.trim()}": write ${remedy}`];
    });
  });
}

/** @param {string[]} places files or folders, all of the repository if there are none */
function check(places) {
  const listed = execFileSync('git', ['ls-files', '-z', '--', ...places], { cwd: root });
  const names = listed.toString().split('\0');
  const found = names
    .filter((name) => CHECKED.test(name) && !EXEMPT.test(name))
    .flatMap((name) => complaints(name, readFileSync(join(root, name), 'utf8')));
  for (const line of found) console.error(line);
  return found.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = check(process.argv.slice(2)) > 0 ? 1 : 0;
}
