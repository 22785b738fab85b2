/** What every process of the fleet does: it writes its history, ends when it is told to, and never outlives the run. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { LeanMQ } from '@leanmq/core';

import { History } from '../history.js';
import type { ProcessSettings } from '../setting.js';

const TICK_MS = 250;
const STALL_MS = 1_000;

export function settingsOf<Settings extends ProcessSettings>(): Settings {
  return JSON.parse(process.argv[2] ?? '') as Settings;
}

/** Begins the history of this process. */
export function begin(settings: ProcessSettings, consumer?: string): History {
  const history = new History(settings.history);
  history.write({
    e: 'start',
    at: Date.now(),
    pid: process.pid,
    ...(consumer !== undefined && { consumer }),
  });
  watchForStalls(history);
  // Who started us is gone.
  process.stdin.on('end', () => process.exit(1)).on('error', () => process.exit(1));
  process.stdin.resume();
  (process.stdin as unknown as { unref: () => void }).unref();
  process.once('exit', () => history.write({ e: 'exit', at: Date.now() }));
  return history;
}

/** A machine that is busy with something else looks like a fault that nobody made; so it is written down. */
function watchForStalls(history: History): void {
  let last = Date.now();
  setInterval(() => {
    const now = Date.now();
    if (now - last > STALL_MS) history.write({ e: 'stall', at: now, from: last });
    last = now;
  }, TICK_MS).unref();
}

export function tellOfTroubles(mq: LeanMQ, history: History): void {
  mq.events.on('connectionLost', ({ role }) =>
    history.write({ e: 'connection', at: Date.now(), is: 'lost', role }),
  );
  mq.events.on('connectionRegained', () =>
    history.write({ e: 'connection', at: Date.now(), is: 'regained' }),
  );
  mq.events.on('fault', ({ where, error }) =>
    history.write({ e: 'complaint', at: Date.now(), what: 'fault', text: `${where}: ${error}` }),
  );
  mq.events.on('warning', ({ code, message }) =>
    history.write({ e: 'complaint', at: Date.now(), what: 'warning', text: `${code}: ${message}` }),
  );
}

/** Once it is closed nothing may keep the process: it has to end without being told to. */
export function endOnTerm(mq: LeanMQ, history: History, before?: () => unknown): void {
  process.once('SIGTERM', () => {
    history.write({ e: 'term', at: Date.now() });
    void (async () => {
      await before?.();
      await mq.close();
      history.write({ e: 'closed', at: Date.now() });
      await sleep(3_000, undefined, { ref: false });
      history.write({ e: 'kept', at: Date.now(), by: process.getActiveResourcesInfo() });
    })();
  });
}
