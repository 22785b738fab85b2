import type { Events } from '../events.js';
import { displayPath, type MessageLimits } from '../message/index.js';
import type { Publisher, PublishResult } from '../publish/index.js';
import type { Connection, Keys, Registry } from '../redis/index.js';
import { Homes, ScheduleStore, Schedules, Ticker } from '../schedules/index.js';
import type { Sweeper } from '../sweep/index.js';

export interface SchedulingParts {
  readonly command: Connection;
  readonly keys: Keys;
  readonly registry: Registry;
  readonly limits: MessageLimits;
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
}

/** Wires the recurring sends to the publisher and the sweeper. */
export function buildScheduling(parts: SchedulingParts): Scheduling {
  const { command, keys, registry, limits, publisher, sweeper, events, connect, onFault } = parts;
  const homes = new Homes(command, keys);
  const store = new ScheduleStore(command, keys);
  const schedules = new Schedules<PublishResult>(homes, store, limits, {
    connect,
    addRoute: (path) => command.run((client) => registry.addRoute(client, path)),
    publish: (path, data, options) => publisher.publish(path, data, options),
    onPlanned: (path, nextAt) => sweeper().scheduledAt(path, nextAt),
  });
  const ticker = new Ticker(homes, store, {
    publish: (tick) => publisher.tick(tick),
    onTicked: ({ path, id: schedule, dueAt, nextAt, messageIds }) =>
      events.tell('ticked', () => ({ path, schedule, dueAt, nextAt, ids: messageIds })),
    onHeld: (path, id) => {
      const message = `Recurring send "${id}" waits: "${displayPath(path)}" has as many unfinished messages as its "maxLength" allows.`;
      events.tell('warning', () => ({ code: 'SCHEDULE_HELD', message }));
    },
    onFault: (error) => onFault('tick', error),
  });
  return {
    schedules,
    ticker,
    refresh: async () => sweeper().onSchedules(await homes.all()),
  };
}
