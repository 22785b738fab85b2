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
  readonly startAt: number;
  readonly durationMs: number;
}

/** A slot for each process that there is to be; none of them is started yet. */
export function makeFleet(settings: FleetSettings): Slot[] {
  return [...makeConsumers(settings), ...makePublishers(settings)];
}

function makeConsumers({ options, programs, folder, redis }: FleetSettings): Slot[] {
  return GROUPS.flatMap((group) =>
    Array.from(
      { length: options.consumers },
      (_, index) =>
        new Slot(`${group}-${index}`, 'consumer', group, programs.consumer, folder, (own) => {
          return { ...own, redis, group } satisfies ConsumerSettings;
        }),
    ),
  );
}

function makePublishers(settings: FleetSettings): Slot[] {
  const { options, programs, folder, redis, startAt, durationMs } = settings;
  const { seed, messages, large, durability, publishers } = options;
  return Array.from(
    { length: publishers },
    (_, index) =>
      new Slot(`p-${index}`, 'publisher', undefined, programs.publisher, folder, (own) => {
        const share = { index, of: publishers };
        return {
          ...{ ...own, redis, seed, messages, large, share, startAt, durationMs, durability },
        } satisfies PublisherSettings;
      }),
  );
}
