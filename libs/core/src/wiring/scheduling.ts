import type { Events } from '../events.js';
import { displayPath, type MessageLimits } from '../message/index.js';
import type { Publisher, PublishResult } from '../publish/index.js';
import {
  Registry,
  boundedConnection,
  withinLimits,
  type CallLimits,
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
  readonly callLimits: CallLimits;
  readonly publisher: Publisher;
  readonly sweeper: () => Sweeper;
  readonly events: Events;
  readonly connect: () => Promise<void>;
  readonly onFault: (where: string, error: unknown) => void;
}

/** Recurring sends: what users call, and what makes them when a sweep finds them due. */
export interface Scheduling {
  readonly schedules: Schedules<PublishResult>;
  readonly ticker: Ticker;
  /** Tells the sweeper which there are. */
  refresh(): Promise<void>;
  /** The path's queue was deleted, and its recurring sends with it. */
  forget(path: string): Promise<void>;
}

/** Wires the recurring sends to the publisher and the sweeper. */
export function buildScheduling(parts: SchedulingParts): Scheduling {
  const {
    command,
    keys,
    registry,
    limits,
    callLimits,
    publisher,
    sweeper,
    events,
    connect,
    onFault,
  } = parts;
  const homes = new Homes(command, keys, registry);
  const store = new ScheduleStore(command, keys);
  const onUnreadable = (path: string, id: string, { message: why }: Error): void => {
    const message = `Recurring send "${id}" of "${displayPath(path)}" cannot be read by this version and is left to others; make it again with upsert(), or remove it. ${why}`;
    events.tell('warning', () => ({ code: 'SCHEDULE_UNREADABLE', message }));
  };
  const forgetGone = async (all: readonly Home[]): Promise<void> => {
    await homes.forget(await store.gone(all));
  };
  let isFresh = true;
  // Whoever calls waits no longer than a call may; the ticker has all the time.
  const bounded = boundedConnection(command, callLimits);
  const calledHomes = new Homes(bounded, keys, new Registry(bounded, keys));
  const calledStore = new ScheduleStore(bounded, keys);
  const schedules = new Schedules<PublishResult>(calledHomes, calledStore, limits, {
    connect: () =>
      withinLimits(callLimits, { isSent: false, fault: () => command.lastFault }, connect),
    addRoute: (path) => bounded.run((client) => registry.addRoute(client, path)),
    publish: (path, data, options) => publisher.publish(path, data, options),
    onPlanned: (path, nextAt) => sweeper().scheduledAt(path, nextAt),
    onUnreadable,
  });
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
    schedules,
    ticker,
    refresh: async () => {
      const all = await homes.all();
      sweeper().onSchedules(all);
      // What a crash, or a queue's deletion by an earlier version, has left leads to nothing: once for each process.
      if (isFresh) await forgetGone(all);
      isFresh = false;
    },
    forget: async (path) => forgetGone((await homes.all()).filter((home) => home.path === path)),
  };
}
