/** The publishable packages of this repository, and how to run a command in one. */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

/**
 * @typedef {object} Library
 * @property {string} name as it is published
 * @property {string} folder
 * @property {string[]} needs names of the libraries that it depends on
 */

/** @returns {Library[]} each after those that it needs */
export function libraries() {
  const found = readdirSync(join(root, 'libs'))
    .map((name) => join(root, 'libs', name))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const { name, dependencies, peerDependencies, optionalDependencies } = manifest;
      return {
        name,
        folder,
        needs: { ...dependencies, ...peerDependencies, ...optionalDependencies },
      };
    });
  const names = found.map(({ name }) => name);
  return inOrder(
    found.map(({ needs, ...rest }) => ({ ...rest, needs: names.filter((name) => name in needs) })),
  );
}

/**
 * @param {Library[]} all
 * @returns {Library[]}
 */
export function inOrder(all) {
  /** @type {Library[]} */
  const ordered = [];
  /** @param {Library} library */
  const add = (library) => {
    if (ordered.includes(library)) return;
    for (const other of all) if (library.needs.includes(other.name)) add(other);
    ordered.push(library);
  };
  for (const library of all) add(library);
  return ordered;
}

/**
 * Runs a command with its output shown, and kills it with us.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, timeoutMs?: number, quiet?: boolean }} [options]
 *   quiet: its output is shown only if it fails
 * @returns {Promise<void>}
 * @throws if it cannot be started, fails, or takes too long
 */
export async function run(command, args, { cwd = root, env = {}, timeoutMs, quiet = false } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' }),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk) => (output += chunk));
  }
  await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(undefined);
      const late = timeoutMs !== undefined && signal === 'SIGKILL';
      const what = late ? `did not end within ${timeoutMs} ms` : `failed (${code ?? signal})`;
      reject(new Error(`${[command, ...args].join(' ')} ${what}${output && `\n${output}`}`));
    });
  });
}

/** @param {string} path below `node_modules` */
export function installed(path) {
  return join(root, 'node_modules', path);
}
