import type { FaultRecord } from '../faults/index.js';
import type { Line } from '../history.js';
import type { ProcessRecord } from '../processes.js';
import { TIMES } from '../setting.js';

export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Time in which the server's clock was wrong. */
interface ClockStep extends Interval {
  readonly steppedMs: number;
}

/** Step of the server's clock ahead: from right to wrong, or back to right. */
export interface ClockJump {
  readonly at: number;
  readonly byMs: number;
  /** Time on the server's clock after the step, epoch ms. */
  readonly shownAt: number;
}

/** Time that a process may need to reconnect after an outage: a pause of up to a second, and the connection itself. */
const RECONNECT_MS = 1_500;
/**
 * Shortest outage of a consumer after which others may take over its deliveries. A consumer renews every third of the
 * lease, and the second sighting comes a third of the lease after the first. The rest is for a busy machine.
 */
const OUT_OF_ACTION_MS = TIMES.leaseMs * 0.6;

/** Faults that keep no process from working: lost scripts are sent again, and the server keeps answering. */
const STOPS_NOBODY: ReadonlySet<string> = new Set(['script-flush', 'clock-step', 'foreign-entry']);

/** Times in which processes could not work: faults, and stalls of the machine that the processes recorded. */
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

  /** Time of the process's death; undefined when it ended in good order. */
  diedAt(pid: number): number | undefined {
    const record = this.records.get(pid);
    if (record?.endedAt === undefined) return undefined;
    return record.signal === 'SIGKILL' ? record.endedAt : undefined;
  }

  /** Time at which the process got SIGTERM. */
  termAt(pid: number): number | undefined {
    return this.terms.get(pid);
  }

  died(pid: number, { from, to }: Interval): boolean {
    const diedAt = this.diedAt(pid);
    // The harness notices an end a moment late.
    return diedAt !== undefined && diedAt >= from && diedAt <= to + 1_000;
  }

  /** Measures how long the process was frozen, stalled, or without Redis in that time. */
  outOfActionMs(pid: number, interval: Interval): number {
    return covered([...this.broker, ...(this.own.get(pid) ?? [])], interval);
  }

  /** Measures how long the process was frozen or stalled in that time. */
  frozenMs(pid: number, interval: Interval): number {
    return covered(this.own.get(pid) ?? [], interval);
  }

  /** Measures how long nobody could reach Redis in that time. */
  brokerOutageMs(interval: Interval): number {
    return covered(this.broker, interval);
  }

  /** Returns true when any fault touched the process in that time, however briefly. */
  isTouched(pid: number, interval: Interval): boolean {
    return this.died(pid, interval) || this.outOfActionMs(pid, interval) > 0;
  }

  /** Names the reason why another process may have taken over from this one in that time; undefined without one. */
  whyTakenOver(pid: number, interval: Interval): string | undefined {
    if (this.died(pid, interval)) return 'died';
    if (this.frozenMs(pid, interval) >= OUT_OF_ACTION_MS) return 'frozen';
    if (this.outOfActionMs(pid, interval) >= OUT_OF_ACTION_MS) return 'cut off';
    if (this.isLeapedOver(interval)) return 'clock';
    return this.isRolledBack(interval) ? 'failover' : undefined;
  }

  /** Returns true when a failover may have undone writes of that time. */
  isRolledBack({ from, to }: Interval): boolean {
    // Even a replica in step is a moment behind.
    return this.failovers.some((each) => each.to >= from && each.from <= to + 1_000);
  }

  /** Returns true when a failover may have undone a write of that moment. */
  mayBeUndone(at: number): boolean {
    return this.isRolledBack({ from: at, to: at });
  }

  /** Returns true when the server's clock was wrong at any moment of that time. */
  isClockWrong({ from, to }: Interval): boolean {
    return this.clockSteps.some((each) => each.to >= from && each.from <= to);
  }

  /** Returns true when new entry ids were ahead of the server's clock: a stream continues from its latest id. */
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
   * Returns true when the clock was set ahead twice in that time: after the first jump a delivery looks stale, and after the
   * second, it has looked so long enough.
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

/** Measures how much of the interval the others cover together, ms. */
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
