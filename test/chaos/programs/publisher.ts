/**
 * Publishes its share of the plan, and replays the dead letters that are meant to be replayed. A replacement resumes after
 * the last operation in the history, and first repeats those without a known end, where that is safe.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { LeanMQ, type Durability, type PublishOptions, type PublishResult } from '@leanmq/core';

import { readHistory, type Line } from '../history.js';
import {
  planWorkload,
  type Operation,
  type Payload,
  type PlannedSend,
  type Task,
} from '../plan/workload.js';
import {
  GROUPS,
  PATHS,
  PREFIX,
  TIMES,
  type DurabilityName,
  type PublisherSettings,
} from '../setting.js';
import { begin, endOnTerm, settingsOf, tellOfTroubles } from './life.js';

const MOST_TURNS = 6;
// Of the backlog's large messages; more at once would only wait for each other.
const MOST_LARGE = 16;
// A publisher that is late after a restart must not flood the others.
const MOST_OPEN = 1_000;
const REPLAY_EVERY_MS = 1_000;

const settings = settingsOf<PublisherSettings>();
const { share, backlog } = settings;
const mq = new LeanMQ({
  redis: settings.redis,
  prefix: PREFIX,
  group: 'publishers',
  consumerName: settings.slot,
  publishTimeoutMs: TIMES.publishTimeoutMs,
  silenceMs: TIMES.silenceMs,
  sweepMs: TIMES.sweepMs,
  drainTimeoutMs: TIMES.drainTimeoutMs,
  connect: 'wait',
  retention: { count: 10_000_000 },
  durability: durabilityOf(settings.durability),
});
const before = readHistory(settings.history);
const history = begin(settings);
tellOfTroubles(mq, history);
const ending = new AbortController();
endOnTerm(mq, history, () => ending.abort());

const isEnding = (): boolean => ending.signal.aborted;

const operations = planWorkload(settings);
const { open, next } = whereItEnded(before);
void replayFromTimeToTime();
const pending = new Set<Promise<void>>();
for (const { index, turn } of open) {
  const operation = operations[index] as Operation;
  if (operation.retries) track(send(operation, turn + 1));
}
const mine = operations.filter(({ index }) => index >= next && isMine(index));
for (const operation of mine) {
  await untilDue(operation);
  if (isEnding()) break;
  track(send(operation, 1));
}
await Promise.all(pending);
if (!isEnding()) history.write({ e: 'finished', at: Date.now() });

function isMine(index: number): boolean {
  if (share === 'backlog') return index < backlog;
  return index >= backlog && index % share.of === share.index;
}

async function untilDue({ index }: Operation): Promise<void> {
  const progress = (index - backlog) / (operations.length - backlog);
  const dueAt = share === 'backlog' ? 0 : settings.startAt + progress * settings.durationMs;
  const waitMs = dueAt - Date.now();
  if (waitMs > 1) await pause(waitMs);
  const most = share === 'backlog' ? MOST_LARGE : MOST_OPEN;
  while (pending.size >= most && !isEnding()) await Promise.race(pending);
}

/** Waits, but returns early when the process is told to end. */
async function pause(ms: number): Promise<void> {
  await sleep(ms, undefined, { signal: ending.signal }).catch(() => undefined);
}

function track(work: Promise<void>): void {
  const tracked = work.finally(() => pending.delete(tracked));
  pending.add(tracked);
}

async function send(operation: Operation, firstTurn: number): Promise<void> {
  const { index: op, retries, twice } = operation;
  for (let turn = firstTurn; turn <= MOST_TURNS; turn += 1) {
    history.write({ e: 'invoke', at: Date.now(), op, turn });
    try {
      const results = await publish(operation.sends);
      history.write({ e: 'ok', at: Date.now(), op, turn, results });
      if (!twice || turn > firstTurn) return;
    } catch (error) {
      const { outcome, code } = error as { outcome?: string; code?: string };
      const e = outcome === 'unknown' ? 'unknown' : 'not-sent';
      history.write({ e, at: Date.now(), op, turn, code: code ?? String(error) });
      if (!retries || isEnding()) return;
    }
  }
}

async function publish(sends: readonly PlannedSend[]): Promise<PublishResult[]> {
  const [only] = sends;
  if (sends.length === 1 && only !== undefined) {
    return [await mq.publish(only.path, payloadOf(only), optionsOf(only))];
  }
  return mq.transaction((tx) => {
    for (const each of sends) tx.send(each.path, payloadOf(each), optionsOf(each));
  });
}

function payloadOf({ task }: PlannedSend): Payload {
  return task.pad === undefined ? task : { ...task, text: 'x'.repeat(task.pad) };
}

function optionsOf({ messageId, delayMs, ttlMs }: PlannedSend): PublishOptions {
  return {
    ...(messageId !== undefined && { messageId }),
    ...(delayMs !== undefined && { delayMs }),
    ...(ttlMs !== undefined && { ttlMs }),
  };
}

function durabilityOf(name: DurabilityName): Durability {
  return name === 'memory' ? 'memory' : { replicas: Number(name), timeoutMs: 3_000 };
}

/** Finds the operations that the previous process left open, and the next one. */
function whereItEnded(lines: readonly Line[]): {
  open: { index: number; turn: number }[];
  next: number;
} {
  const unanswered = new Map<number, number>();
  let last = -1;
  for (const line of lines) {
    if (line.e === 'invoke') {
      unanswered.set(line.op, line.turn);
      last = Math.max(last, line.op);
    } else if (line.e === 'ok') unanswered.delete(line.op);
  }
  return { open: [...unanswered].map(([index, turn]) => ({ index, turn })), next: last + 1 };
}

/** Replays once a second. All publishers do, so two of them may try the same letter. */
async function replayFromTimeToTime(): Promise<void> {
  while (!isEnding()) {
    await pause(REPLAY_EVERY_MS);
    for (const path of PATHS) {
      // Ignores outages: what still waits is replayed in the next turn.
      for (const group of GROUPS) if (!isEnding()) await replay(path, group).catch(() => undefined);
    }
  }
}

async function replay(path: string, group: (typeof GROUPS)[number]): Promise<void> {
  const dead = mq.deadLetters(path, group);
  const letters: string[] = [];
  for (const { id, data, replays, reason } of await dead.list<Task>({ count: 1_000 })) {
    const act = data?.acts[group];
    if (act?.do === 'always' && act.heals && replays === 0 && reason === 'failed') letters.push(id);
  }
  if (letters.length === 0) return;
  history.write({ e: 'replay', at: Date.now(), path, group, letters });
  const replayed = await dead.replay(letters);
  history.write({ e: 'replayed', at: Date.now(), path, group, letters: replayed });
}
