import { setTimeout as sleep } from 'node:timers/promises';

import { FAULTS, type FaultRecord, type Surroundings } from './faults/index.js';
import { RECIPES, type PlannedFault } from './plan/timeline.js';

// Separates two faults of the broker, so that each has its own effects.
const BREATH_MS = 150;
// After an outage, processes must reconnect before the next fault can hit them.
const BREATH_AFTER_OUTAGE_MS = 600;
const OUTAGE_MS = 1_000;

export interface Storm {
  readonly records: FaultRecord[];
  /** Faults that were not made because they had no target at that moment. */
  missed: number;
}

/**
 * Makes the faults at their times. Faults of processes run side by side; faults of the broker run one after the other.
 *
 * @returns resolves when the last one is over
 */
export async function makeFaults(
  timeline: readonly PlannedFault[],
  startAt: number,
  surroundings: Surroundings,
  storm: Storm,
  onFault: () => void,
): Promise<void> {
  const make = async (planned: PlannedFault): Promise<FaultRecord | undefined> => {
    const record = await FAULTS[planned.kind](planned, surroundings);
    if (record === undefined) storm.missed += 1;
    else storm.records.push(record);
    onFault();
    return record;
  };
  let broker = Promise.resolve();
  const going: Promise<unknown>[] = [];
  for (const planned of timeline) {
    const waitMs = startAt + planned.atMs - Date.now();
    if (waitMs > 0) await sleep(waitMs);
    if (RECIPES[planned.kind].lane === 'process') {
      going.push(make(planned));
      continue;
    }
    broker = broker.then(async () => {
      const record = await make(planned);
      if (record === undefined) return;
      await sleep(record.to - record.from > OUTAGE_MS ? BREATH_AFTER_OUTAGE_MS : BREATH_MS);
    });
    // The await at the end reports a failure; this only prevents an unhandled rejection.
    broker.catch(() => undefined);
  }
  await Promise.all([broker, ...going]);
}
