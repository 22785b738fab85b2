import type { Events } from '../events.js';
import { displayPath, type MessageLimits } from '../message/index.js';
import type { Publisher, PublishResult } from '../publish/index.js';
import {
  Registry,
  boundedConnection,
  callLimits,
  withinLimits,
  type CallOptions,
  type Connection,
  type Keys,
} from '../redis/index.js';
import { Homes, ScheduleStore, Schedules, Ticker, type Home } from '../schedules/index.js';
import type { Sweeper } from '../sweep/index.js';

export interface SchedulingParts {
  readonly command: Connection;
  readonly keys: Keys;
  readonly registry: Registry;
  readonly limits: MessageLimits;
  /** Time limit per command for a call that gives none, in ms. */
  readonly commandTimeoutMs: number;
  readonly publisher: Publisher;
  readonly sweeper: () => Sweeper;
  readonly events: Events;
  readonly connect: () => Promise<void>;
  readonly onFault: (where: string, error: unknown) => void;
}

/** Recurring sends: the public API, and the ticker that sends them when a sweep finds them due. */
export interface Scheduling {
  readonly schedules: Schedules<PublishResult>;
  readonly ticker: Ticker;
  /** Tells the sweeper which recurring sends exist. */
  refresh(): Promise<void>;
  /** Forgets the recurring sends of a deleted queue. */
  forget(path: string): Promise<void>;
}

/** Wires the recurring sends to the publisher and the sweeper. */
export function buildScheduling(parts: SchedulingParts): Scheduling {
  const {
    command,
    keys,
    registry,
    limits,
    commandTimeoutMs,
    publisher,
    sweeper,
    events,
    connect,
    onFault,
  } = parts;
  const homes = new Homes(command, keys, registry);
  const store = new ScheduleStore(command, keys);
  const onUnreadable = (path: string, id: string, { message: why }: Error): void => {
    const message = `Recurring send "${id}" of "${displayPath(path)}" cannot be read by this version and is left to other processes; create it again with upsert(), or remove it. ${why}`;
    events.tell('warning', () => ({ code: 'SCHEDULE_UNREADABLE', message }));
  };
  const forgetGone = async (all: readonly Home[]): Promise<void> => {
    await homes.forget(await store.gone(all));
  };
  let isFresh = true;
  // A call is bounded by its limits; the ticker has no time limit.
  const schedulesWithin = (call: CallOptions): Schedules<PublishResult> => {
    const within = callLimits(call, commandTimeoutMs);
    const bounded = boundedConnection(command, within);
    const calledHomes = new Homes(bounded, keys, new Registry(bounded, keys));
    return new Schedules<PublishResult>(calledHomes, new ScheduleStore(bounded, keys), limits, {
      connect: () =>
        withinLimits(within, { isSent: false, fault: () => command.lastFault }, connect),
      addRoute: (path) => bounded.run((client) => registry.addRoute(client, path)),
      // A send has its own time limit, unless the call gives one.
      publish: (path, data, options) => publisher.publish(path, data, { ...options, ...call }),
      onPlanned: (path, nextAt) => sweeper().scheduledAt(path, nextAt),
      onUnreadable,
      within: schedulesWithin,
    });
  };
  const ticker = new Ticker(homes, store, {
    publish: (tick) => publisher.tick(tick),
    onTicked: ({ path, id: schedule, dueAt, nextAt, messageIds }) =>
      events.tell('ticked', () => ({ path, schedule, dueAt, nextAt, ids: messageIds })),
    onHeld: (path, id) => {
      const message = `Recurring send "${id}" waits: "${displayPath(path)}" has as many unfinished messages as its "maxLength" allows.`;
      events.tell('warning', () => ({ code: 'SCHEDULE_HELD', message }));
    },
    onUnreadable,
    onFault: (error) => onFault('tick', error),
    onNext: (path, nextAt) => sweeper().scheduledAt(path, nextAt),
  });
  return {
    schedules: schedulesWithin({}),
    ticker,
    refresh: async () => {
      const all = await homes.all();
      sweeper().onSchedules(all);
      // Clean up, once per process, what a crash or a deletion by an earlier version has left behind.
      if (isFresh) await forgetGone(all);
      isFresh = false;
    },
    forget: async (path) => forgetGone((await homes.all()).filter((home) => home.path === path)),
  };
}
