import { check, type Verdict } from '../check/check.js';
import { SERVICES } from '../check/evidence.js';
import type { Tally } from '../check/tally.js';
import type { Stage } from '../stage/stage.js';
import { until } from '../stage/wait.js';
import { table, terminal } from '../terminal.js';

const ROWS: readonly (readonly [label: string, count: keyof Tally])[] = [
  ['published', 'published'],
  ['to be delivered', 'due'],
  ['delivered', 'delivered'],
  ['retried', 'retried'],
  ['dead-lettered', 'deadLettered'],
  ['replayed', 'replayed'],
  ['taken over after kill -9', 'takenOver'],
  ['lost', 'lost'],
  ['duplicated', 'duplicated'],
];

/**
 * Compares what happened with what each service noted down, and shows it.
 *
 * @returns what is wrong; nothing if all is well
 */
export async function reckoning(stage: Stage): Promise<readonly string[]> {
  terminal.title('What became of the messages');
  const left = await leftInRedis(stage);
  const { tallies, problems } = check(stage.evidence());
  for (const line of rowsOf(tallies)) terminal.say(line);
  const all = [...left, ...problems];
  if (all.length === 0) {
    terminal.proven(
      'Each service noted down what it did. LeanMQ counts the same, and nothing is left in Redis.',
    );
  }
  return all;
}

function rowsOf(tallies: Verdict['tallies']): string[] {
  const counts = ROWS.map(([label, count]) => {
    const numbers = SERVICES.map((service) => tallies[service][count]);
    return [label, ...numbers, numbers.reduce((sum, number) => sum + number, 0)].map(String);
  });
  return table([['', ...SERVICES, 'all'], ...counts]);
}

/** Lists the messages left in Redis. The account is final only when nothing can still be delivered. */
async function leftInRedis({ operator }: Stage): Promise<string[]> {
  const left = new Map<string, number>();
  const isEmpty = async (): Promise<boolean> => {
    for (const service of SERVICES) left.set(service, await operator.leftFor(service));
    return [...left.values()].every((count) => count === 0);
  };
  const found = await until(isEmpty, () => '', 5_000).catch(() => false);
  if (found) return [];
  return [...left]
    .filter(([, count]) => count > 0)
    .map(([service, count]) => `${service}: ${count} messages are still in Redis`);
}
