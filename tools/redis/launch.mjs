/**
 * Starts one server process, natively or in a container, behind the same four operations.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} Launched
 * @property {() => boolean} hasExited
 * @property {() => Promise<void>} exited resolves when the process has ended
 * @property {(server: { pid: number, dir: string }) => boolean} isThisOne whether the server that
 *   answers on our port is the one that we started
 * @property {(signal: NodeJS.Signals) => void} signal
 * @property {string[]} killCommand how somebody else gets rid of it, should we die first
 */

/**
 * @param {import('./find-server.mjs').Launcher} launcher
 * @param {{ port: number, dir: string, config: Record<string, string>, env: Record<string, string> }} settings
 * @returns {Launched}
 */
export function launch(launcher, settings) {
  return launcher.kind === 'docker'
    ? launchContainer(launcher.image, settings)
    : launchBinary(launcher.path, settings);
}

/** @param {string} dir */
export function logFile(dir) {
  return join(dir, 'server.log');
}

/**
 * @param {string} path
 * @param {{ port: number, dir: string, config: Record<string, string>, env: Record<string, string> }} settings
 * @returns {Launched}
 */
function launchBinary(path, { port, dir, config, env }) {
  const all = { bind: '127.0.0.1', port: String(port), dir, ...config };
  const { child, exited } = run(path, toArguments(all), dir, env);
  return {
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    exited,
    isThisOne: ({ pid }) => pid === child.pid,
    signal: (signal) => child.kill(signal),
    killCommand: ['kill', '-KILL', String(child.pid)],
  };
}

/**
 * @param {string} image
 * @param {{ port: number, dir: string, config: Record<string, string> }} settings
 * @returns {Launched}
 */
function launchContainer(image, { port, dir, config }) {
  const name = `leanmq-redis-${process.pid}-${port}-${Date.now()}`;
  // The container's own loopback is out of reach, so the publishing is what binds to ours.
  const all = { bind: '*', 'protected-mode': 'no', port: String(port), dir, ...config };
  const user = process.getuid ? ['--user', `${process.getuid()}:${process.getgid?.()}`] : [];
  const options = [
    '--rm',
    '--name',
    name,
    '-p',
    `127.0.0.1:${port}:${port}`,
    '-v',
    `${dir}:${dir}`,
  ];
  const server = image.includes('valkey') ? 'valkey-server' : 'redis-server';
  const words = ['run', ...options, ...user, '--entrypoint', server, image, ...toArguments(all)];
  const { child, exited } = run('docker', words, dir);
  return {
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    exited,
    // Process ids are the container's own; the folder is ours alone.
    isThisOne: (server) => server.dir === dir,
    signal: (signal) => {
      if (signal === 'SIGSTOP') spawnSync('docker', ['pause', name]);
      else if (signal === 'SIGCONT') spawnSync('docker', ['unpause', name]);
      else spawnSync('docker', ['kill', '--signal', signal, name]);
    },
    killCommand: ['docker', 'rm', '--force', name],
  };
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} dir
 * @param {Record<string, string>} [env] besides this process' own
 */
function run(command, args, dir, env) {
  const log = openSync(logFile(dir), 'a');
  // Detached: Ctrl-C in a terminal must not take Redis away from services that are draining.
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', log, log],
    ...(env && { env: { ...process.env, ...env } }),
  });
  closeSync(log);
  child.unref();
  // `error` without `exit` is what a command that cannot be started gives.
  const ended = Promise.race([once(child, 'exit'), once(child, 'error')]).then(
    () => undefined,
    () => undefined,
  );
  const exited = () => {
    // A server alone does not keep our process running, but waiting for its end does.
    child.ref();
    return ended;
  };
  return { child, exited };
}

/** @param {Record<string, string>} config */
function toArguments(config) {
  return Object.entries(config).flatMap(([name, value]) => [`--${name}`, ...words(name, value)]);
}

/**
 * Directives such as `client-output-buffer-limit` take several words; a folder may hold a space.
 *
 * @param {string} name
 * @param {string} value
 */
function words(name, value) {
  return name === 'dir' || value === '' ? [value] : value.split(' ');
}
