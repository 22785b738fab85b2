import { GROUPS } from '../setting.js';
import type { Facts, Handling } from './facts.js';

export interface Recovery {
  readonly kind: string;
  /** From the end of the fault until a message that was sent after it had been accepted, and handled in every group. */
  readonly ms: number | undefined;
}

/** After each fault that nothing else disturbed: how long until work flowed again. */
export function recoveriesOf(facts: Facts): Recovery[] {
  const accepted = acceptedOf(facts);
  const handled = GROUPS.map((group) => handledOf(facts, group));
  const lastInvokedAt = accepted.at(-1)?.invokedAt ?? 0;
  const recoveries: Recovery[] = [];
  const { records } = facts.evidence.storm;
  for (const { kind, to } of records) {
    // Nothing was sent any more that could show it.
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

/** What was accepted, in the order of its end. */
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
