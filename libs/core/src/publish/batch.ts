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

/** Result of each send of a unit, or `overtaken`: another process has already made the tick. */
export type UnitOutcome = PublishResult[] | 'overtaken';

/** Sends that are published together or not at all, with the promise of their caller. */
export interface Unit {
  readonly sends: readonly EncodedSend[];
  readonly tick: TickPosition | undefined;
  /** Replicas that must confirm the unit; undefined when the master is enough. */
  readonly replication: Replication | undefined;
  /** Bytes of all its sends, as the buffer counts them. */
  readonly bytes: number;
  /** On the monotonic clock, ms. */
  readonly deadline: number;
  resolve(outcome: UnitOutcome): void;
  reject(error: LeanMQError): void;
  settled: boolean;
}

/** Number of arguments of a send with all options; see the script. */
const ALL_ARGS = 9;

/** Units that go to Redis in one call. A batch never changes, so sending it again repeats the same call. */
export class Batch {
  /** True when an attempt ended without a reply, so Redis may have executed it. */
  uncertain = false;
  /** True while an attempt waits for its reply. */
  isOnItsWay = false;
  /** Error of the last failed attempt. */
  lastFault: unknown;
  /** Number of replicas that have confirmed the batch; undefined until the master is known to have stored it. */
  confirmed: number | undefined;
  /** True when every unit is a single send without options. */
  private readonly plain: boolean;

  constructor(
    readonly sequence: number,
    readonly units: readonly Unit[],
    private readonly maxLengths: ReadonlyMap<string, number>,
  ) {
    this.plain = isAllPlain(units, maxLengths);
  }

  /** True when Redis may have executed an attempt; false when it certainly executed none. */
  get mayBeStored(): boolean {
    return this.uncertain || this.isOnItsWay;
  }

  /** Sends the batch; `read` decodes the reply. */
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

  /** Returns the results of the units, in order; undefined when a later batch has overtaken this one. */
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

  /** @param addLog adds the log of a path to the keys of the call, and returns the number of logs */
  private unitArgs(addLog: (path: string) => number): ScriptArgument[] {
    const args: ScriptArgument[] = [];
    const indices = new Map<string, number>();
    const indexOf = (path: string): number => {
      let index = indices.get(path);
      // The first key is the marker.
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

  /** Returns the number of arguments per send: plain sends need two, or three with headers. */
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

/** @param ids separated by spaces */
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
        `A Redis key of queue "${shown}" has an unexpected type; nothing was sent.`,
        { code: 'KEY_TYPE' },
      );
  }
}
