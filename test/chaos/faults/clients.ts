import { again, choose, type MakeFault } from './fault.js';

/** Ends every connection of the fleet at the server. */
export const clientKillAll: MakeFault = async ({ kind }, { admin }) => {
  const from = Date.now();
  await admin((redis) => redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
  return { kind, from, to: Date.now() };
};

/** Ends one connection of any role. */
export const clientKillOne: MakeFault = async ({ kind, chance }, { admin }) => {
  const from = Date.now();
  const hit = await admin(async (redis) => {
    const list = (await redis.call('CLIENT', 'LIST', 'TYPE', 'normal')) as string;
    const ids = list
      .split('\n')
      .filter((line) => line.includes(' name=leanmq'))
      .map((line) => /^id=(\d+)/.exec(line)?.[1] ?? '');
    const id = choose(ids, again(chance));
    if (id === undefined) return false;
    // The client may have disconnected since.
    return redis.call('CLIENT', 'KILL', 'ID', id).catch(() => false);
  });
  return hit === false ? undefined : { kind, from, to: Date.now() };
};

export const scriptFlush: MakeFault = async ({ kind }, { admin }) => {
  const from = Date.now();
  await admin((redis) => redis.script('FLUSH'));
  return { kind, from, to: Date.now() };
};
