import type { AccountLine } from '../../../shared/demo/account.js';
import type { Service } from '../check/evidence.js';
import type { Stage } from '../stage/stage.js';
import { until } from '../stage/wait.js';

/** @throws if what the story claims is not so */
export function expect(holds: boolean, claim: string): void {
  if (!holds) throw new Error(`it does not hold that ${claim}`);
}

/** Returns the lines that a service's handler recorded for an order's message. */
export function linesOf(
  stage: Stage,
  service: Service,
  path: string,
  orderId: string,
): AccountLine[] {
  return stage
    .service(service)
    .records.account.filter((line) => line.path === path && line.orderId === orderId);
}

/** Waits for a number of ends of runs, and returns them. */
export async function endsOf(
  stage: Stage,
  service: Service,
  path: string,
  orderId: string,
  count: number,
): Promise<AccountLine[]> {
  const ends = (): AccountLine[] =>
    linesOf(stage, service, path, orderId).filter(({ deed }) => deed !== 'begin');
  await until(
    () => ends().length >= count,
    () => `${count} runs of ${orderId} in ${service}; there are ${ends().length}`,
  );
  return ends();
}

/** The ends of a message's runs, a line each, with the time since the one before. */
export function describeRuns(ends: readonly AccountLine[]): string[] {
  return ends.map(({ attempt, deed, error, at }, index) => {
    const before = ends[index - 1];
    const later = before ? `, ${((at - before.at) / 1_000).toFixed(1)} s later` : '';
    return `${`attempt ${attempt}${later}`.padEnd(24)}${deed.padEnd(8)}${error ?? ''}`.trimEnd();
  });
}
