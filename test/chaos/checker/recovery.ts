import { GROUPS } from '../setting.js';
import type { Facts, Handling } from './facts.js';

export interface Recovery {
  readonly kind: string;
  /** Time from the end of the fault until a message sent after it was accepted and handled in every group. */
  readonly ms: number | undefined;
}

/** Measures how long work took to flow again after each fault that no other fault disturbed. */
export function recoveriesOf(facts: Facts): Recovery[] {
  const accepted = acceptedOf(facts);
  const handled = GROUPS.map((group) => handledOf(facts, group));
  const lastInvokedAt = accepted.at(-1)?.invokedAt ?? 0;
  const recoveries: Recovery[] = [];
  const { records } = facts.evidence.storm;
  for (const { kind, to } of records) {
    // No later message can show the recovery.
    if (to > lastInvokedAt - 1_000) continue;
    const flows = [
      accepted.find(({ invokedAt }) => invokedAt >= to)?.endedAt,
      ...handled.map((list) => list.find(({ invokedAt }) => invokedAt >= to)?.endedAt),
    ];
    const until = flows.includes(undefined) ? undefined : Math.max(...(flows as number[]));
    const isDisturbed = records.some(
      (other) => other.pid === undefined && other.to > to && other.from < (until ?? Infinity),
    );
    if (until === undefined && !isDisturbed) recoveries.push({ kind, ms: undefined });
    else if (until !== undefined && !isDisturbed) recoveries.push({ kind, ms: until - to });
  }
  return recoveries;
}

interface Flow {
  readonly invokedAt: number;
  readonly endedAt: number;
}

/** Returns the accepted operations in the order of their end. */
function acceptedOf(facts: Facts): Flow[] {
  return [...facts.operations.values()]
    .flat()
    .filter(({ how }) => how === 'ok')
    .map(({ invokedAt, endedAt }) => ({ invokedAt, endedAt: endedAt as number }))
    .toSorted((a, b) => a.endedAt - b.endedAt);
}

function handledOf(facts: Facts, group: string): Flow[] {
  const flows: Flow[] = [];
  for (const list of facts.handlings.values()) {
    const [first] = list as readonly [Handling];
    const message = facts.messages.get(first.n);
    if (first.group !== group || message === undefined) continue;
    flows.push({ invokedAt: message.invokedAt, endedAt: first.at });
  }
  return flows.toSorted((a, b) => a.endedAt - b.endedAt);
}
