/** Basics of every process of the fleet: it writes its history, ends on SIGTERM, and never outlives the run. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { LeanMQ } from '@leanmq/core';

import { History } from '../history.js';
import type { ProcessSettings } from '../setting.js';

const TICK_MS = 250;
const STALL_MS = 1_000;

export function settingsOf<Settings extends ProcessSettings>(): Settings {
  return JSON.parse(process.argv[2] ?? '') as Settings;
}

/** Begins the history of this process, and ends the process when the harness has gone. */
export function begin(settings: ProcessSettings, consumer?: string): History {
  const history = new History(settings.history);
  history.write({
    e: 'start',
    at: Date.now(),
    pid: process.pid,
    ...(consumer !== undefined && { consumer }),
  });
  watchForStalls(history);
  // The harness has gone.
  process.stdin.on('end', () => process.exit(1)).on('error', () => process.exit(1));
  process.stdin.resume();
  (process.stdin as unknown as { unref: () => void }).unref();
  process.once('exit', () => history.write({ e: 'exit', at: Date.now() }));
  return history;
}

/** Records stalls: on a busy machine they look like faults that nobody made. */
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

/** Closes the engine on SIGTERM, and records what keeps the process alive after that. */
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
