import type { Findings } from './checker/index.js';
import { gatherFacts, recoveriesOf } from './checker/index.js';
import { faultsOf, sorted, type Outcome } from './outcome.js';
import { GROUPS } from './setting.js';
import type { Evidence } from './run.js';

/** Result of a run with many faults, as `--json` writes it. */
export interface Result extends Outcome {
  readonly recoveryMs: Percentiles;
  readonly recoveryMsOf: Readonly<Record<string, Percentiles & { readonly count: number }>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly exceptions: Readonly<Record<string, number>>;
  readonly topology: string;
  readonly durability: string;
  readonly durationMs: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export function resultOf(evidence: Evidence, findings: Findings): Result {
  const { options, storm } = evidence;
  const facts = gatherFacts(evidence);
  const recoveries = recoveriesOf(facts).filter(({ ms }) => ms !== undefined);
  const byKind = new Map<string, number[]>();
  for (const { kind, ms } of recoveries)
    byKind.set(kind, [...(byKind.get(kind) ?? []), ms as number]);
  return {
    seed: options.seed,
    messages: facts.messages.size,
    groups: GROUPS.length,
    faults: faultsOf(storm),
    violations: sorted(new Map([...findings.violations].map(([name, { count }]) => [name, count]))),
    duplicates: findings.counts.get('duplicates') ?? 0,
    recoveryMs: percentiles(recoveries.map(({ ms }) => ms as number)),
    recoveryMsOf: sorted(
      new Map([...byKind].map(([kind, all]) => [kind, { ...percentiles(all), count: all.length }])),
    ),
    counts: sorted(findings.counts),
    exceptions: sorted(findings.exceptions),
    topology: options.topology,
    durability: options.durability,
    durationMs: evidence.endedAt - evidence.startedAt,
  };
}

/** Formats the result for a person. */
export function describe(result: Result, findings: Findings): string {
  const { faults, violations, counts, exceptions, recoveryMs, recoveryMsOf } = result;
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return [
    '',
    `${result.messages} messages to ${result.groups} groups in ${Math.round(result.durationMs / 1_000)} s, seed ${result.seed}, ${result.topology}, durability ${result.durability}`,
    ...table(`faults: ${total}`, faults, (kind) => {
      const recovery = recoveryMsOf[kind];
      return recovery === undefined
        ? ''
        : `recovery p50 ${recovery.p50} ms, max ${recovery.max} ms`;
    }),
    `recovery: p50 ${recoveryMs.p50} ms, p99 ${recoveryMs.p99} ms, max ${recoveryMs.max} ms`,
    ...table('counts', counts),
    ...table('allowed, for reasons in the history', exceptions),
    ...(findings.violations.size === 0
      ? ['no violations']
      : table('VIOLATIONS', violations, (name) =>
          (findings.violations.get(name)?.examples ?? []).map((each) => `\n      ${each}`).join(''),
        )),
    '',
  ].join('\n');
}

function table(
  title: string,
  rows: Readonly<Record<string, number>>,
  more: (name: string) => string = () => '',
): string[] {
  const names = Object.keys(rows);
  const width = Math.max(...names.map(({ length }) => length), 24);
  return [
    title,
    ...names.map((name) =>
      `  ${name.padEnd(width)} ${String(rows[name]).padStart(8)}  ${more(name)}`.trimEnd(),
    ),
  ];
}

export function percentiles(values: readonly number[]): Percentiles {
  const ordered = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: ordered.at(-1) ?? 0 };
}
