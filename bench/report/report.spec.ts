import { describe, expect, it } from '@jest/globals';

import type { ContestantName } from '../contestants/index.js';
import type { Reading, Work } from '../works/index.js';
import { barsOf } from './bars.js';
import { between, readmeParts } from './docs.js';
import { captions } from './captions.js';
import type { Environment } from './environment.js';
import { resultsOf, type Result } from './results.js';
import { table } from './table.js';
import { verdictsOf } from './verdicts.js';

const RATE = { unit: 'messages/s', better: 'more' } as const;
const LATENCY = { unit: 'p50 ms', better: 'less' } as const;

const work: Work = {
  id: 'race',
  about: 'run',
  contestants: ['raw', 'core', 'bullmq'],
  metrics: [RATE],
  targets: [
    { contestant: 'core', unit: RATE.unit, atLeast: 0.75, against: { contestant: 'raw' } },
    { contestant: 'core', unit: RATE.unit, atLeast: 7, against: { contestant: 'bullmq' } },
    { contestant: 'core', unit: RATE.unit, atMost: 900 },
    {
      ...{ contestant: 'core', unit: RATE.unit, atLeast: 0.25 },
      against: { contestant: 'core', work: 'walk' },
    },
  ],
  full: { messages: 1, warmUp: 1 },
  quick: { messages: 1, warmUp: 1 },
  roles: {},
  run: () => Promise.reject(new Error('It is not run here.')),
};

const environment: Environment = {
  machine: 'Some processor, 2 cores',
  versions: ['Node 20.20.2', 'Redis 7.0.15'],
  date: '2026-11-21',
};

function readings(...rates: number[]): Reading[] {
  return rates.map((rate) => ({
    values: { [RATE.unit]: rate },
    cost: { redisCpuPer100k: rate / 1_000, commandsPerMessage: 0.5 },
  }));
}

function results(figures: Partial<Record<ContestantName, number>>): Result[] {
  return Object.entries(figures).flatMap(([contestant, rate]) =>
    resultsOf(
      { work, contestant: contestant as ContestantName, readings: readings(rate) },
      environment,
    ),
  );
}

describe('a result', () => {
  it('is what --json promises, with medians over the rounds', () => {
    const series = { work, contestant: 'core', readings: readings(300, 100, 200) } as const;
    expect(resultsOf(series, environment)).toEqual([
      {
        ...{ work: 'race', contestant: 'core', unit: 'messages/s' },
        ...{ median: 200, min: 100, max: 300 },
        redisCpuPer100k: 0.2,
        clientCpuPer100k: null,
        commandsPerMessage: 0.5,
        bytesPerMessage: null,
        ...{ rounds: 3, environment },
      },
    ]);
  });

  it('that lacks a figure of its work is an error', () => {
    const series = { work, contestant: 'core', readings: [{ values: {} }] } as const;
    expect(() => resultsOf(series, environment)).toThrow('race by core yielded no messages/s');
  });
});

describe('the verdict', () => {
  it('compares ratios and figures with what must be reached', () => {
    const verdicts = verdictsOf(work, results({ raw: 1_000, core: 800, bullmq: 200 }));
    expect(verdicts.map(({ reached, met }) => [reached, met])).toEqual([
      [0.8, true],
      [4, false],
      [800, true],
      [undefined, undefined],
    ]);
  });

  it('may be about a figure of another work', () => {
    const walk = results({ core: 1_000 }).map((each) => ({ ...each, work: 'walk' }));
    const [, , , last] = verdictsOf(work, [...walk, ...results({ core: 100 })]);
    expect(last).toMatchObject({ reached: 0.1, met: false });
  });
});

describe('the table', () => {
  const text = table(work, results({ raw: 250_000, core: 200_000, bullmq: 20_000 }), true);

  it('has the ratios of the same run', () => {
    const [core] = /core .*/.exec(text) ?? [];
    expect(core).toMatch(/200,000 .*200,000 – 200,000 .*× 0\.80 .*× 10\.00/);
  });

  it('says what was reached, what was not, and what was not measured', () => {
    expect(text).toContain('core ≥ 0.75 × raw (messages/s): 0.80, met');
    expect(text).toContain('core ≤ 900 messages/s: 200,000, NOT MET');
    expect(text).toContain('core in walk (messages/s): not measured in this run');
  });

  it('keeps its columns in line', () => {
    const widths = text
      .split('\n')
      .filter((line) => line.includes('×') && line.includes('  0.500'));
    expect(new Set(widths.map((line) => line.length)).size).toBe(1);
  });

  it('judges nothing when it is only to show that everything runs', () => {
    expect(table(work, results({ raw: 1, core: 1 }), false)).not.toContain('met');
  });
});

describe('bars', () => {
  it('are longer for the better one, also where less is better', () => {
    const latency = { ...work, metrics: [LATENCY] };
    const latencies = results({ raw: 2, core: 4 }).map((each) => ({ ...each, unit: LATENCY.unit }));
    expect(barsOf([latency], ['core'], latencies)[0]?.ratios).toEqual({ core: 0.5 });
    expect(barsOf([work], ['core'], results({ raw: 2, core: 4 }))[0]?.ratios).toEqual({ core: 2 });
  });

  it('are not drawn where there is nothing to compare with', () => {
    expect(barsOf([work], ['core'], results({ core: 4 }))).toEqual([]);
  });
});

describe('a page', () => {
  const page = 'before\n<!-- bench: figures -->\nold\n<!-- /bench -->\nafter\n<!-- /bench -->\n';

  it('gets new figures between its markers and nowhere else', () => {
    expect(between(page, 'figures', 'new')).toBe(
      'before\n<!-- bench: figures -->\n\nnew\n\n<!-- /bench -->\nafter\n<!-- /bench -->\n',
    );
  });

  it('without the markers is an error', () => {
    expect(() => between(page, 'targets', 'new')).toThrow('<!-- bench: targets -->');
  });
});

it('says of each run that results were taken from where, when and how often it measured', () => {
  const later = { ...environment, date: '2026-11-22' };
  const series = { work, contestant: 'core', readings: readings(1, 2, 3) } as const;
  const once = { ...series, readings: readings(1) };
  expect(
    captions([
      ...resultsOf(series, environment),
      ...resultsOf(series, environment),
      ...resultsOf(once, later),
    ]),
  ).toEqual([
    'Some processor, 2 cores · Node 20.20.2, Redis 7.0.15 · 2026-11-21 · medians of 3 rounds',
    'Some processor, 2 cores · Node 20.20.2, Redis 7.0.15 · 2026-11-22 · one round',
  ]);
});

describe('what the README tells', () => {
  const of = (id: string, figures: Partial<Record<ContestantName, number>>): Result[] =>
    results(figures).map((each) => ({ ...each, work: id }));

  it('is how many times as fast as the others it publishes and consumes', () => {
    const { speed } = readmeParts([
      ...of('publish-256', { raw: 200, core: 300, bullmq: 60 }),
      ...of('consume', { raw: 400, core: 320, bullmq: 32 }),
    ]);
    expect(speed).toContain('publishes 1.5 times');
    expect(speed).toContain('5.0 times as fast as BullMQ');
    expect(speed).toContain('consumes 0.8 and 10.0 times');
  });

  it('stays as it is where a run has not measured that', () => {
    expect(readmeParts(of('publish-256', { raw: 200, core: 300, bullmq: 60 }))).toEqual({});
  });
});
