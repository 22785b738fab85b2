import { setTimeout as sleep } from 'node:timers/promises';

import type { TcpProxy } from '../../support/proxy.js';
import { Standalone } from '../topology/standalone.js';
import { again, choose, type MakeFault } from './fault.js';

type Act = (proxy: TcpProxy, forMs: number, chance: number) => Promise<void> | void;

/** Commands whose replies are lost: reads, and everything that changes data. */
const COMMANDS = [/evalsha/i, /xreadgroup/i, /xack/i, /eval/i];
const NEVER_MS = 2_000;

function through(act: Act): MakeFault {
  return async ({ kind, forMs, chance }, { topology }) => {
    if (!(topology instanceof Standalone)) return undefined;
    const from = Date.now();
    await act(topology.proxy, forMs, chance);
    return { kind, from, to: Date.now() };
  };
}

/** Destroys all connections. */
export const cut = through((proxy) => proxy.cut());

/** Lets Redis execute a command, then drops its reply and the connection. */
export const cutReply = through(async (proxy, _forMs, chance) => {
  const match = choose(COMMANDS, again(chance)) as RegExp;
  await Promise.race([proxy.cutAfterReplyTo(match), sleep(NEVER_MS)]);
});

/** Does the same after the first half of the reply. */
export const halfReply = through(async (proxy, _forMs, chance) => {
  const match = choose(COMMANDS, again(chance)) as RegExp;
  await Promise.race([proxy.cutAfterReplyTo(match, { half: true }), sleep(NEVER_MS)]);
});

export const delay = through(async (proxy, forMs, chance) => {
  proxy.delay(20 + Math.round(again(chance) * 280));
  await sleep(forMs);
  proxy.delay(0);
});

/** Keeps connections open without carrying data, then cuts them, like a router that forgot them. */
export const halfOpen = through(async (proxy, forMs) => {
  proxy.halfOpen();
  await sleep(forMs);
  proxy.cut();
});

export const dropReplies = through(async (proxy, forMs) => {
  proxy.dropReplies();
  await sleep(forMs);
  proxy.dropReplies(0);
  // The stream of bytes has a gap that nothing can repair.
  proxy.cut();
});

/** Refuses new connections and cuts the existing ones. */
export const refuse = through(async (proxy, forMs) => {
  proxy.refuse();
  proxy.cut();
  await sleep(forMs);
  proxy.accept();
});
