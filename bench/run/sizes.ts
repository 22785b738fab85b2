import type { ContestantName } from '../contestants/index.js';
import type { Size } from '../works/index.js';

/**
 * How much of the work is measured of contestants that would otherwise take most of the time. What is compared is the
 * speed, and theirs does not depend on how long it is measured.
 */
const SHARE: Partial<Record<ContestantName, number>> = { bullmq: 0.25, rabbitmq: 0.25, nats: 0.5 };

export function sizeFor(contestant: ContestantName, size: Size): Size {
  const share = SHARE[contestant] ?? 1;
  return {
    ...size,
    messages: Math.ceil(size.messages * share),
    warmUp: Math.ceil(size.warmUp * share),
  };
}
