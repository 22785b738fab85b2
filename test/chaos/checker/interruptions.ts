import type { FaultRecord } from '../faults/index.js';
import type { Line } from '../history.js';
import type { ProcessRecord } from '../processes.js';
import { TIMES } from '../setting.js';

export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The server's clock was wrong for some time. */
interface ClockStep extends Interval {
  readonly steppedMs: number;
}

/** The server's clock was set ahead, either wrongly or right again. */
export interface ClockJump {
  readonly at: number;
  readonly byMs: number;
  /** What the server's clock showed afterwards, epoch ms. */
  readonly shownAt: number;
}

/** After the end of an outage a process waits up to a second before it tries again, and then has to connect. */
const RECONNECT_MS = 1_500;
/**
 * For how long somebody must be out of action before others may take over what it holds: it renews every third of the
 * lease, and the second sighting comes a third of the lease after the first. The rest is for a busy machine.
 */
const OUT_OF_ACTION_MS = TIMES.leaseMs * 0.6;

/** Scripts that are gone are sent again, and whatever the clock says, the server answers: nobody has to wait. */
const STOPS_NOBODY: ReadonlySet<string> = new Set(['script-flush', 'clock-step', 'foreign-entry']);

/** Who could not work when, and why: the faults as they were made, and what the processes saw of the machine itself. */
export class Interruptions {
  private readonly broker: Interval[] = [];
  private readonly failovers: Interval[] = [];
  private readonly clockSteps: ClockStep[] = [];
  private readonly own = new Map<number, Interval[]>();
  private readonly records = new Map<number, ProcessRecord>();
  private readonly terms = new Map<number, number>();

  constructor(
    faults: readonly FaultRecord[],
    processes: readonly ProcessRecord[],
    histories: Iterable<readonly Line[]>,
  ) {
    for (const { kind, from, to, pid, rolledBack, steppedMs } of faults) {
      if (steppedMs !== undefined) this.clockSteps.push({ from, to, steppedMs });
      if (rolledBack !== undefined) this.failovers.push(rolledBack);
      if (pid === undefined) {
        if (!STOPS_NOBODY.has(kind)) this.broker.push({ from, to: to + RECONNECT_MS });
      } else if (kind.startsWith('freeze')) this.add(pid, { from, to });
    }
    for (const record of processes) this.records.set(record.pid, record);
    for (const lines of histories) this.readStalls(lines);
  }

  /** When the process ended, if it did not do so in good order. */
  diedAt(pid: number): number | undefined {
    const record = this.records.get(pid);
    if (record?.endedAt === undefined) return undefined;
    return record.signal === 'SIGKILL' ? record.endedAt : undefined;
  }

  /** When it was told to end. */
  termAt(pid: number): number | undefined {
    return this.terms.get(pid);
  }

  died(pid: number, { from, to }: Interval): boolean {
    const diedAt = this.diedAt(pid);
    // The end is noticed a moment later than it happens.
    return diedAt !== undefined && diedAt >= from && diedAt <= to + 1_000;
  }

  /** How long of that time the process was frozen, stalled, or without Redis. */
  outOfActionMs(pid: number, interval: Interval): number {
    return covered([...this.broker, ...(this.own.get(pid) ?? [])], interval);
  }

  /** The same without what happened to Redis. */
  frozenMs(pid: number, interval: Interval): number {
    return covered(this.own.get(pid) ?? [], interval);
  }

  /** How long of that time nobody could reach Redis. */
  brokerOutageMs(interval: Interval): number {
    return covered(this.broker, interval);
  }

  /** Whether any fault touched the process in that time, however short. */
  isTouched(pid: number, interval: Interval): boolean {
    return this.died(pid, interval) || this.outOfActionMs(pid, interval) > 0;
  }

  /** Why what this process held may have gone to another in that time; undefined when there was no reason. */
  whyTakenOver(pid: number, interval: Interval): string | undefined {
    if (this.died(pid, interval)) return 'died';
    if (this.frozenMs(pid, interval) >= OUT_OF_ACTION_MS) return 'frozen';
    if (this.outOfActionMs(pid, interval) >= OUT_OF_ACTION_MS) return 'cut off';
    if (this.isLeapedOver(interval)) return 'clock';
    return this.isRolledBack(interval) ? 'failover' : undefined;
  }

  /** Whether a failover may have undone what was done in that time. */
  isRolledBack({ from, to }: Interval): boolean {
    // Even a replica in step is a moment behind.
    return this.failovers.some((each) => each.to >= from && each.from <= to + 1_000);
  }

  /** Whether a failover may have undone what was written at that moment. */
  mayBeUndone(at: number): boolean {
    return this.isRolledBack({ from: at, to: at });
  }

  /** Whether the server's clock was wrong at any time within. */
  isClockWrong({ from, to }: Interval): boolean {
    return this.clockSteps.some((each) => each.to >= from && each.from <= to);
  }

  /** Whether ids of entries were ahead of the server's clock: a stream goes on from the latest one that it has given. */
  areIdsAhead(at: number): boolean {
    return this.clockSteps.some((each) => each.from <= at && at <= each.to + each.steppedMs);
  }

  get clockJumps(): readonly ClockJump[] {
    return this.clockSteps.map(({ from, to, steppedMs }) =>
      steppedMs > 0
        ? { at: from, byMs: steppedMs, shownAt: from + steppedMs }
        : { at: to, byMs: -steppedMs, shownAt: to },
    );
  }

  /**
   * Whether the clock was set ahead twice in that time: the first jump makes what is in flight look stale, and the second
   * one makes that look old enough.
   */
  isLeapedOver({ from, to }: Interval): boolean {
    return this.clockJumps.filter(({ at }) => at >= from && at <= to).length > 1;
  }

  get hasFailovers(): boolean {
    return this.failovers.length > 0;
  }

  private add(pid: number, interval: Interval): void {
    this.own.set(pid, [...(this.own.get(pid) ?? []), interval]);
  }

  private readStalls(lines: readonly Line[]): void {
    let pid = 0;
    for (const line of lines) {
      if (line.e === 'start') ({ pid } = line);
      else if (line.e === 'stall') this.add(pid, { from: line.from, to: line.at });
      else if (line.e === 'term') this.terms.set(pid, line.at);
    }
  }
}

/** How much of the interval the others cover together, ms. */
function covered(others: readonly Interval[], { from, to }: Interval): number {
  const inside = others
    .filter((other) => other.to > from && other.from < to)
    .map((other) => ({ from: Math.max(from, other.from), to: Math.min(to, other.to) }))
    .toSorted((a, b) => a.from - b.from);
  let sum = 0;
  let until = from;
  for (const each of inside) {
    sum += Math.max(0, each.to - Math.max(until, each.from));
    until = Math.max(until, each.to);
  }
  return sum;
}
