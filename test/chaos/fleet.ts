import type { ChaosOptions } from './cli.js';
import { Slot } from './processes.js';
import { GROUPS, type ConsumerSettings, type PublisherSettings, type Target } from './setting.js';

/** The built programs. */
export interface Programs {
  readonly consumer: string;
  readonly publisher: string;
  readonly soakConsumer: string;
  readonly soakPublisher: string;
}

export interface FleetSettings {
  readonly options: ChaosOptions;
  readonly programs: Programs;
  readonly folder: string;
  readonly redis: Target;
  readonly durationMs: number;
}

/** Returns the slots of the consumers, none of them started. */
export function makeConsumers({ options, programs, folder, redis }: FleetSettings): Slot[] {
  const { consumers, concurrency } = options;
  return GROUPS.flatMap((group) =>
    Array.from(
      { length: consumers },
      (_, index) =>
        new Slot(`${group}-${index}`, 'consumer', group, programs.consumer, folder, (own) => {
          return { ...own, redis, group, concurrency } satisfies ConsumerSettings;
        }),
    ),
  );
}

/**
 * Returns the slots of the publishers, none of them started.
 *
 * @param startAt when the plan begins, epoch ms
 */
export function makePublishers(settings: FleetSettings, startAt: number): Slot[] {
  const { publishers } = settings.options;
  return Array.from({ length: publishers }, (_, index) =>
    makePublisher(settings, startAt, `p-${index}`, { index, of: publishers }),
  );
}

/** Returns the slot of the process that publishes the backlog, not yet started. */
export function makeStocker(settings: FleetSettings): Slot {
  return makePublisher(settings, 0, 'backlog', 'backlog');
}

function makePublisher(
  { options, programs, folder, redis, durationMs }: FleetSettings,
  startAt: number,
  name: string,
  share: PublisherSettings['share'],
): Slot {
  const { seed, messages, large, backlog, durability } = options;
  const plan = { seed, messages, large, backlog, durability, startAt, durationMs };
  return new Slot(name, 'publisher', undefined, programs.publisher, folder, (own) => {
    return { ...own, ...plan, redis, share } satisfies PublisherSettings;
  });
}
