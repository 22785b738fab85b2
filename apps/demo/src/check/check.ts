import { dueOf, keyOf } from './due.js';
import { SERVICES, type Evidence, type Records, type Service } from './evidence.js';
import { historiesOf, type History } from './history.js';
import { publishedBy, tallyOf, type Tally } from './tally.js';

export interface Verdict {
  readonly tallies: Readonly<Record<Service, Tally>>;
  /** Problems found, as sentences; empty when all is well. */
  readonly problems: readonly string[];
}

/** Everything known about one service. */
interface Case {
  readonly due: ReadonlySet<string>;
  readonly histories: ReadonlyMap<string, History>;
  readonly tally: Tally;
  readonly engine: Records['engine'];
  readonly killedPids: readonly number[];
  /** By LeanMQ's word. */
  readonly replayed: number;
}

/** Rules that each service must satisfy; each returns its violations. */
const RULES: readonly ((it: Case) => string[])[] = [
  nothingIsLost,
  nothingIsDoneTwice,
  nothingComesFromNowhere,
  nothingIsPublishedTwice,
  everyRunEnds,
  bothAccountsAgree,
];

/**
 * Compares what had to happen with what the services say that they did, and that with what LeanMQ
 * says. Pure.
 */
export function check(evidence: Evidence): Verdict {
  const allDue = dueOf(evidence.accepted);
  const cases = SERVICES.map((service) => {
    const { account, engine } = evidence.records[service];
    const due = new Set(allDue.filter((each) => each.service === service).map(keyOf));
    const histories = historiesOf(account);
    const tally = tallyOf(due, histories, engine);
    const replayed = evidence.replayed[service];
    return { service, due, histories, tally, engine, killedPids: evidence.killedPids, replayed };
  });
  const published = new Set(cases.flatMap(({ engine }) => [...publishedBy(engine)]));
  return {
    tallies: Object.fromEntries(
      cases.map(({ service, tally }) => [service, tally]),
    ) as Verdict['tallies'],
    problems: [
      ...[...new Set(allDue.map(keyOf))]
        .filter((key) => !published.has(key))
        .map((key) => `${key} was never published`),
      ...cases.flatMap((it) =>
        RULES.flatMap((rule) => rule(it)).map((what) => `${it.service}: ${what}`),
      ),
    ],
  };
}

function nothingIsLost({ due, histories }: Case): string[] {
  return [...due]
    .filter((key) => (histories.get(key)?.done ?? 0) === 0)
    .map((key) => `${key} was never done: lost`);
}

/** At least once: what a process had begun when it was killed may have been done already. */
function nothingIsDoneTwice({ histories, engine, killedPids }: Case): string[] {
  return [...histories]
    .filter(([, { done }]) => done > 1)
    .filter(([key, { pids }]) => !wasInterrupted(key, pids, engine, killedPids))
    .map(([key, { done }]) => `${key} was done ${done} times, and no kill had interrupted it`);
}

/** Returns true when a killed process had started the message but never learned that Redis acked it. */
function wasInterrupted(
  key: string,
  pids: readonly number[],
  engine: Records['engine'],
  killedPids: readonly number[],
): boolean {
  return pids.some(
    (pid) =>
      killedPids.includes(pid) &&
      !engine.some((line) => line.event === 'acked' && line.pid === pid && keyOf(line) === key),
  );
}

function nothingComesFromNowhere({ due, histories }: Case): string[] {
  return [...histories.keys()]
    .filter((key) => !due.has(key))
    .map((key) => `${key} was handled, but follows from no accepted order`);
}

function nothingIsPublishedTwice({ histories }: Case): string[] {
  return [...histories]
    .filter(([, { origins }]) => origins > 1)
    .map(([key, { origins }]) => `${key} was published ${origins} times`);
}

function everyRunEnds({ histories, killedPids }: Case): string[] {
  return [...histories].flatMap(([key, { unfinishedIn }]) =>
    unfinishedIn
      .filter((pid) => !killedPids.includes(pid))
      .map((pid) => `process ${pid} began with ${key} and never ended it`),
  );
}

function bothAccountsAgree({ tally, engine, replayed }: Case): string[] {
  const said = (event: string): number => engine.filter((line) => line.event === event).length;
  const pairs = [
    ['retries', tally.retried, said('retried')],
    ['dead letters', tally.deadLettered, said('deadLettered')],
    ['replays', tally.replayed, replayed],
  ] as const;
  return pairs
    .filter(([, own, leanMQ]) => own !== leanMQ)
    .map(([what, own, leanMQ]) => `${own} ${what} by its own account, ${leanMQ} by LeanMQ's`);
}
