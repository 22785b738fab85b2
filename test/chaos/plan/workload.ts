import { GROUPS, KEPT, ONCE, TRIMMED, type Group, type Path } from '../setting.js';
import { Random } from './random.js';

/** Behaviour of a handler for one message. */
export type Act =
  | { readonly do: 'ok'; readonly ms: number }
  /** Throws at its first attempts, then succeeds. */
  | { readonly do: 'fail'; readonly times: number; readonly ms: number }
  /** Throws at every attempt; a healed one succeeds once it was replayed from the dead letters. */
  | { readonly do: 'always'; readonly ms: number; readonly heals: boolean }
  /** Runs beyond the lease. */
  | { readonly do: 'long'; readonly ms: number }
  /** Runs until its signal aborts, at its first attempts. */
  | { readonly do: 'hang'; readonly times: number }
  /** Kills its own process, the first so many times. */
  | { readonly do: 'die'; readonly times: number };

/** Payload as it is published. */
export interface Payload extends Task {
  /** Text of `pad` characters. */
  readonly text?: string;
}

/** Payload as it is planned. */
export interface Task {
  /** Unique number of the message. */
  readonly n: number;
  readonly acts: Readonly<Record<Group, Act>>;
  /** Key on an idempotent queue; its work is done once. */
  readonly key?: string;
  /** Length of the text that the publisher adds, in characters. */
  readonly pad?: number;
}

export interface PlannedSend {
  readonly path: Path;
  readonly task: Task;
  readonly messageId?: string;
  readonly delayMs?: number;
  readonly ttlMs?: number;
}

/** One call of a publisher; several sends form a transaction. */
export interface Operation {
  readonly index: number;
  readonly sends: readonly PlannedSend[];
  /** Set when an operation with an unknown outcome is sent again under the same ids. */
  readonly retries: boolean;
  /** Set when the operation is sent again under the same id although it succeeded. */
  readonly twice: boolean;
}

const KINDS = {
  ...{ plain: 42, named: 20, delayed: 9, shortLived: 5, longLived: 5, once: 9, transaction: 10 },
} as const;
/** Just below the limit of a payload. */
export const LARGE = 250 * 1_024;
/** Numbers reserved for the sends of one operation. */
const NUMBERS_EACH = 4;
/** Enough to be poison whatever happens. */
export const ALWAYS = 99;
const OK: Act = { do: 'ok', ms: 0 };

/** Returns the index of the operation that a message belongs to. */
export function operationOf(n: number): number {
  return Math.floor(n / NUMBERS_EACH);
}

export interface WorkloadSettings {
  readonly seed: number;
  readonly messages: number;
  /** Percentage of operations with a payload of 250 KiB; below 100. */
  readonly large: number;
  /** Large messages on one queue that are published before any consumer starts; the first operations of the plan. */
  readonly backlog: number;
}

/**
 * Plans everything that is published, in order: the backlog, then `messages` sends or a few more. Pure: equal settings
 * give equal workloads.
 */
export function planWorkload({ seed, messages, large, backlog }: WorkloadSettings): Operation[] {
  const weights = { ...KINDS, large: (large * 100) / (100 - large) };
  const killers = planKillers(seed, messages);
  const operations = Array.from({ length: backlog }, (_, index) => planBacklog(index));
  for (let sends = 0; sends < messages;) {
    const index = operations.length;
    const operation = planOperation(seed, index, killers.get(index - backlog), weights);
    operations.push(operation);
    sends += operation.sends.length;
  }
  return operations;
}

function planBacklog(index: number): Operation {
  const n = index * NUMBERS_EACH;
  const acts = { a: OK, b: OK };
  const send = { path: KEPT[0], task: { n, acts, pad: LARGE }, messageId: `m-${n}` };
  return { index, sends: [send], retries: true, twice: false };
}

/** Chooses the operations that kill the process that handles them, and how often each does so. */
function planKillers(seed: number, messages: number): Map<number, number> {
  const random = new Random(seed, 'killers');
  const killers = new Map<number, number>();
  // None comes near the end, where no other messages would feel the crash. A transaction counts for several sends.
  const last = Math.max(1, Math.floor(messages * 0.7));
  const poisons = Math.min(6, Math.max(1, Math.round(messages / 3_000)));
  const once = Math.min(12, Math.round(messages / 1_500));
  for (let count = 0; count < poisons; count += 1) killers.set(random.between(0, last), ALWAYS);
  for (let count = 0; count < once; count += 1) killers.set(random.between(0, last), 1);
  return killers;
}

function planOperation(
  seed: number,
  index: number,
  dies: number | undefined,
  weights: Readonly<Record<keyof typeof KINDS | 'large', number>>,
): Operation {
  const random = new Random(seed, 'operation', index);
  const kind = dies === undefined ? random.weighted(weights) : 'plain';
  const first = index * NUMBERS_EACH;
  if (kind === 'transaction') return planTransaction(random, index, first);
  const path = kind === 'once' ? ONCE : anyPath(random);
  const isNamed = kind === 'named' || random.chance(0.3);
  const send: PlannedSend = {
    path,
    task: {
      n: first,
      acts: dies === undefined ? planActs(random, kind === 'once') : killing(random, dies),
      // A few neighbouring operations share each key.
      ...(kind === 'once' && { key: `k-${Math.floor(index / 60)}-${random.between(0, 2)}` }),
      ...(kind === 'large' && { pad: LARGE }),
    },
    ...(isNamed && { messageId: `m-${first}` }),
    ...(kind === 'delayed' && { delayMs: random.between(50, 4_000) }),
    ...(kind === 'delayed' && random.chance(0.1) && { ttlMs: random.between(300, 2_000) }),
    ...(kind === 'shortLived' && { ttlMs: random.between(20, 3_000) }),
    ...(kind === 'once' && random.chance(0.15) && { ttlMs: random.between(300, 3_000) }),
    ...(kind === 'longLived' && { ttlMs: random.between(10_000, 15_000) }),
  };
  return {
    index,
    sends: [send],
    retries: isNamed && random.chance(0.7),
    twice: isNamed && random.chance(0.15),
  };
}

function planTransaction(random: Random, index: number, first: number): Operation {
  const isNamed = random.chance(0.5);
  const sends = Array.from({ length: random.between(2, 3) }, (_, part): PlannedSend => ({
    path: KEPT[(index + part) % KEPT.length] as Path,
    task: { n: first + part, acts: planActs(random, false) },
    ...(isNamed && { messageId: `m-${first + part}` }),
    ...(random.chance(0.15) && { delayMs: random.between(50, 2_000) }),
  }));
  return { index, sends, retries: isNamed && random.chance(0.7), twice: false };
}

function anyPath(random: Random): Path {
  return random.chance(0.2) ? TRIMMED : (KEPT[random.between(0, KEPT.length - 1)] as Path);
}

function planActs(random: Random, isOnce: boolean): Record<Group, Act> {
  return Object.fromEntries(GROUPS.map((group) => [group, planAct(random, isOnce)])) as Record<
    Group,
    Act
  >;
}

function planAct(random: Random, isOnce: boolean): Act {
  const ms = random.chance(0.1) ? random.between(5, 50) : 0;
  const kind = random.weighted(
    isOnce
      ? { ok: 60, slow: 25, fail: 15, failSlow: 0, always: 0, long: 0, hang: 0 }
      : { ok: 78, slow: 5, fail: 8, failSlow: 4, always: 3.5, long: 1, hang: 0.4 },
  );
  switch (kind) {
    case 'ok':
      return { do: 'ok', ms };
    case 'slow':
      return { do: 'ok', ms: random.between(200, 1_200) };
    case 'fail':
      return { do: 'fail', times: random.between(1, 3), ms };
    case 'failSlow':
      return { do: 'fail', times: random.between(1, 2), ms: random.between(300, 1_500) };
    case 'always':
      return { do: 'always', ms, heals: random.chance(0.5) };
    case 'long':
      return { do: 'long', ms: random.between(3_300, 4_500) };
    case 'hang':
      return { do: 'hang', times: 1 };
  }
}

/** Plans a message that kills the processes of one group and is harmless in the other. */
function killing(random: Random, times: number): Record<Group, Act> {
  const isFirst = random.chance(0.5);
  const dies: Act = { do: 'die', times };
  return { a: isFirst ? dies : OK, b: isFirst ? OK : dies };
}
