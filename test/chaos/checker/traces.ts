import { GROUPS } from '../setting.js';
import { keyOf, type Facts, type Handling, type SentMessage } from './facts.js';

/** Returns the log entries of a message, as found at the end and as handlers saw them. */
export function originsOf(facts: Facts, n: number): ReadonlySet<string> {
  const origins = new Set((facts.entries.get(n) ?? []).map(({ entryId }) => entryId));
  for (const group of GROUPS) {
    for (const { origin } of facts.handlings.get(keyOf(n, group)) ?? []) origins.add(origin);
  }
  return origins;
}

export function show({ n, planned, turns, status }: SentMessage): string {
  const id = planned.messageId ?? turns.find(({ results }) => results)?.results?.[0]?.id ?? '?';
  return `message ${n} (${planned.path}, id ${id}, ${status}, ${turns.length} turns)`;
}

/** Describes handlings in one line, with what is needed to find them in the histories. */
export function tell(handlings: readonly Handling[]): string {
  return handlings
    .map((each) => {
      const { pid, at, attempt, crashes, replays, how, aborted, settled, endedAt, settledAt } =
        each;
      const end =
        how === undefined
          ? 'no end'
          : `${how}${aborted === undefined ? '' : ` (${aborted})`} +${(endedAt ?? at) - at}`;
      const settlement =
        settled === undefined
          ? 'not settled'
          : `${settled} +${(settledAt ?? at) - at}${each.leaseLost === true ? ' late' : ''}`;
      return `[${at} pid ${pid} attempt ${attempt} crashes ${crashes} replays ${replays}: ${end}, ${settlement}]`;
    })
    .join(' ');
}
