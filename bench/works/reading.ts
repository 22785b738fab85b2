import type { Cost } from '../measure/meter.js';
import type { CostPerMessage, Metric, Reading } from './work.js';

export const MIB = 1024 * 1024;

export const RATE: Metric = { unit: 'messages/s', better: 'more' };

export function rateOf(messages: number, cost: Cost): Reading {
  return {
    values: { [RATE.unit]: (messages / cost.elapsedMs) * 1_000 },
    cost: perMessage(messages, cost),
  };
}

export function perMessage(messages: number, cost: Cost): CostPerMessage {
  return {
    redisCpuPer100k: (cost.redisCpuS / messages) * 100_000,
    clientCpuPer100k: (cost.clientCpuS / messages) * 100_000,
    // Only clients of Redis are counted.
    ...(cost.commands > 0 && { commandsPerMessage: cost.commands / messages }),
  };
}
