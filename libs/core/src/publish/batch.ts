import type { Redis } from 'ioredis';

import {
  BrokerRefusedError,
  MessageIdConflictError,
  RouteFullError,
  type LeanMQError,
} from '../errors.js';
import { consecutiveIds, displayPath } from '../message/index.js';
import type { Keys, ScriptArgument } from '../redis/index.js';
import type { Replication } from './durability.js';
import type { PublishResult } from './options.js';
import type { TickPosition } from './tick.js';
import {
  publishScript,
  publishUnitsScript,
  type BatchReply,
  type UnitError,
  type UnitResult,
} from './scripts.js';
import { isPlain, type EncodedSend } from './send.js';

/** What each send became; or a tick that somebody else has made. */
export type UnitOutcome = PublishResult[] | 'overtaken';

/** Sends that are published together or not at all, and the promise of their caller. */
export interface Unit {
  readonly sends: readonly EncodedSend[];
  readonly tick: TickPosition | undefined;
  /** What it waits for beyond the master; undefined for nothing. */
  readonly replication: Replication | undefined;
  /** Of all its sends, as the buffer counts them. */
  readonly bytes: number;
  /** On the monotonic clock, ms. */
  readonly deadline: number;
  resolve(outcome: UnitOutcome): void;
  reject(error: LeanMQError): void;
  settled: boolean;
}

/** Of a send that may be anything; see the script. */
const ALL_ARGS = 9;

/** Units that go to Redis in one call. It is frozen: sent again, it is the very same. */
export class Batch {
  /** Whether an attempt ended without an answer, so that it may have been executed. */
  uncertain = false;
  /** Whether an attempt has not been answered yet. */
  isOnItsWay = false;
  /** How the last attempt failed. */
  lastFault: unknown;
  /** How many replicas have confirmed it; undefined as long as it is not known to be stored. */
  confirmed: number | undefined;
  /** Whether all of it is sends by themselves that are only appended. */
  private readonly plain: boolean;

  constructor(
    readonly sequence: number,
    readonly units: readonly Unit[],
    private readonly maxLengths: ReadonlyMap<string, number>,
  ) {
    this.plain = isAllPlain(units, maxLengths);
  }

  /** Whether an attempt may have been executed; otherwise it is certain that none was. */
  get mayBeStored(): boolean {
    return this.uncertain || this.isOnItsWay;
  }

  /** Sends it; `read` tells what the answer says. */
  send(
    client: Redis,
    keys: Keys,
    path: string,
    marker: string,
    markerTtlMs: number,
  ): Promise<BatchReply> {
    const args = { sequence: this.sequence, markerTtlMs };
    if (this.plain) {
      const { log } = keys.route(path);
      return publishScript.run(client, { log, marker }, args, { args: this.plainArgs() });
    }
    const logs: string[] = [];
    const unitArgs = this.unitArgs((path) => logs.push(keys.route(path).log));
    return publishUnitsScript.run(client, { marker }, args, { keys: logs, args: unitArgs });
  }

  /** The results of each unit in their order; undefined when a later batch has overtaken it. */
  read(reply: BatchReply): readonly (UnitOutcome | LeanMQError)[] | undefined {
    return this.plain ? this.readPlain(reply) : this.readUnits(reply);
  }

  private plainArgs(): ScriptArgument[] {
    const args: ScriptArgument[] = [];
    for (const { sends } of this.units) {
      const send = sends[0] as EncodedSend;
      args.push(send.data, send.headers);
    }
    return args;
  }

  private readPlain(reply: BatchReply): PublishResult[][] | undefined {
    if (reply.state === 'stale') return undefined;
    if (this.units.length === 1) return [[{ id: reply.reply, outcome: 'published' }]];
    const ids = consecutiveIds(reply.reply);
    return this.units.map(() => [{ id: ids.next().value, outcome: 'published' }]);
  }

  /** @param addLog makes the log of a path a key of the call, and tells how many there are then */
  private unitArgs(addLog: (path: string) => number): ScriptArgument[] {
    const args: ScriptArgument[] = [];
    const indices = new Map<string, number>();
    const indexOf = (path: string): number => {
      let index = indices.get(path);
      // The first key is the marker's.
      if (index === undefined) indices.set(path, (index = addLog(path) + 1));
      return index;
    };
    for (const { sends, tick } of this.units) {
      const width = tick === undefined ? this.widthOf(sends) : ALL_ARGS;
      args.push(sends.length, width);
      if (tick === undefined) args.push('');
      else args.push(indexOf(tick.path), tick.id, tick.rule, tick.dueAt, tick.nextAt);
      for (const send of sends) {
        args.push(indexOf(send.path), send.data);
        if (width > 2) args.push(send.headers);
        if (width < ALL_ARGS) continue;
        const { path, id, dedupeMs, delayMs, deliverAt, ttlMs } = send;
        const maxLength = this.maxLengths.get(path) ?? '';
        args.push(id, dedupeMs, delayMs, deliverAt, ttlMs, maxLength);
      }
    }
    return args;
  }

  /** How many arguments each of the sends needs: what is only appended is told in two or three. */
  private widthOf(sends: readonly EncodedSend[]): number {
    let width = 2;
    for (const send of sends) {
      if (!isPlain(send) || this.maxLengths.has(send.path)) return ALL_ARGS;
      if (send.headers !== '') width = 3;
    }
    return width;
  }

  private readUnits(reply: BatchReply): (UnitOutcome | LeanMQError)[] | undefined {
    if (reply.state === 'stale') return undefined;
    const results = JSON.parse(reply.reply) as UnitResult[];
    return results.map((result, index) => {
      if (typeof result === 'string') return published(result);
      if ('overtaken' in result) return result.overtaken ? 'overtaken' : [];
      if (!('error' in result)) return result.map(([outcome, id]) => ({ id, outcome }));
      const { sends, tick } = this.units[index] as Unit;
      const at = sends[result.at];
      const path = (at ?? tick)?.path as string;
      return refusalOf(result.error, path, at?.id ?? '', this.maxLengths);
    });
  }
}

function isAllPlain(units: readonly Unit[], maxLengths: ReadonlyMap<string, number>): boolean {
  for (const { sends, tick } of units) {
    const [send] = sends;
    if (tick !== undefined || send === undefined || sends.length > 1) return false;
    if (!isPlain(send) || maxLengths.has(send.path)) return false;
  }
  return true;
}

/** @param ids with spaces between them */
function published(ids: string): PublishResult[] {
  return ids.split(' ').map((id) => ({ id, outcome: 'published' }));
}

function refusalOf(
  error: UnitError,
  path: string,
  id: string,
  maxLengths: ReadonlyMap<string, number>,
): LeanMQError {
  const shown = displayPath(path);
  switch (error) {
    case 'CONFLICT':
      return new MessageIdConflictError(id, shown);
    case 'FULL':
      return new RouteFullError(shown, maxLengths.get(path));
    case 'WRONGTYPE':
      return new BrokerRefusedError(
        `A key of route "${shown}" in Redis is of another type; nothing was sent.`,
        { code: 'KEY_TYPE' },
      );
  }
}
