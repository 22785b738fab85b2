import type { ContestantName } from '../contestants/index.js';
import { RATE } from '../works/reading.js';
import type { Size, Work } from '../works/index.js';

/**
 * Share of a work that is measured for contestants that would otherwise take most of the time. The comparison is of
 * speeds, and their speed does not depend on how much is measured.
 */
const SHARE: Partial<Record<ContestantName, number>> = { bullmq: 0.25, rabbitmq: 0.25, nats: 0.5 };

export function sizeFor(work: Work, contestant: ContestantName, quick: boolean): Size {
  const size = quick ? work.quick : work.full;
  const share = work.metrics.includes(RATE) && !quick ? (SHARE[contestant] ?? 1) : 1;
  return {
    ...size,
    messages: Math.ceil(size.messages * share),
    warmUp: Math.ceil(size.warmUp * share),
  };
}
