import type { FaultRecord } from '../faults/index.js';
import type { Letter, SlowCommand } from '../final-state.js';
import type { Line } from '../history.js';
import type { Act, PlannedSend } from '../plan/workload.js';
import type { ProcessRecord } from '../processes.js';
import type { Evidence } from '../run.js';
import type { DurabilityName, Group } from '../setting.js';
import { keyOf, type Facts, type Handling, type SentMessage, type Turn } from './facts.js';
import { Interruptions } from './interruptions.js';

const OK: Act = { do: 'ok', ms: 0 };

interface MessageOptions extends Partial<Omit<PlannedSend, 'task'>> {
  readonly status?: SentMessage['status'];
  readonly acts?: Partial<Record<Group, Act>>;
  readonly key?: string;
  readonly turns?: number;
  /** Set while the publish's promise has not settled. */
  readonly isOpen?: boolean;
}

/** Made-up run for tests of the checker: messages are sent at 1,000, and everything is at rest at 100,000. */
export class Scenario {
  private readonly messages = new Map<number, SentMessage>();
  private readonly handlings = new Map<string, Handling[]>();
  private readonly letters = new Map<string, Letter[]>();
  private readonly entries = new Map<
    number,
    { path: 'chaos/one'; entryId: string; id: string; n: number }[]
  >();
  private readonly faults: FaultRecord[] = [];
  private readonly processes: ProcessRecord[] = [];
  private readonly consumers: Facts['consumers'][number][] = [];
  private readonly lines: (readonly Line[])[] = [];
  private readonly foreignLetters: Letter[] = [];
  private operations = 0;
  stuck: Record<string, number> = {};
  slow: SlowCommand[] = [];
  oversized: string[] = [];
  durability: DurabilityName = 'memory';

  /** Adds a message that was sent and accepted, or several as a transaction. */
  sent(numbers: number | readonly number[], options: MessageOptions = {}): this {
    const {
      status = 'ok',
      isOpen = false,
      acts,
      key,
      turns: count = 1,
      path = 'chaos/one',
      ...planned
    } = options;
    const index = this.operations++;
    const turns = Array.from({ length: count }, (): Turn => {
      const turn: Turn = { op: index, pid: 1, invokedAt: 1_000 };
      return isOpen ? turn : { ...turn, endedAt: 1_010, how: status };
    });
    const sends = [numbers].flat().map((n): PlannedSend => ({
      ...{ path, ...planned },
      task: { n, acts: { a: OK, b: OK, ...acts }, ...(key !== undefined && { key }) },
    }));
    const operation = { index, sends, retries: false, twice: false };
    for (const send of sends) {
      this.messages.set(send.task.n, {
        ...{ n: send.task.n, operation, planned: send, turns, status, invokedAt: 1_000 },
        okAt: status === 'ok' ? 1_010 : undefined,
      });
    }
    return this;
  }

  stored(n: number, ...entryIds: readonly string[]): this {
    this.entries.set(
      n,
      entryIds.map((entryId) => ({ path: 'chaos/one', entryId, id: entryId, n })),
    );
    return this;
  }

  /** Adds a handling: by default the first attempt succeeds in process 10 at 2,000. */
  handled(n: number, group: Group, more: Partial<Handling> = {}): this {
    const at = more.at ?? 2_000;
    const handling: Handling = {
      ...{ n, group, pid: 10, path: 'chaos/one', id: `m-${n}`, origin: '1005-0', at },
      ...{ attempt: 1, crashes: 0, replays: 0, expiresAt: undefined, key: undefined },
      ...{ endedAt: at + 1, how: 'ok', settled: 'acked', settledAt: at + 2, leaseLost: false },
      ...more,
    };
    const key = keyOf(n, group);
    this.handlings.set(key, [...(this.handlings.get(key) ?? []), handling]);
    return this;
  }

  /** Adds a handling that the death of its process cut short. */
  interrupted(n: number, group: Group, more: Partial<Handling> = {}): this {
    const open = { how: undefined, endedAt: undefined, settled: undefined, settledAt: undefined };
    return this.handled(n, group, { ...open, ...more } as Partial<Handling>);
  }

  /** Adds the same handling in both groups. */
  done(n: number, more: Partial<Handling> = {}): this {
    return this.handled(n, 'a', more).handled(n, 'b', more);
  }

  dead(n: number, group: Group, more: Partial<Letter> = {}): this {
    const letter: Letter = {
      ...{ path: 'chaos/one', group, letterId: '3000-0', id: `m-${n}`, n, reason: 'failed' },
      origin: '1005-0',
      ...{ attempts: 4, crashes: 0, replays: 0 },
      ...more,
    };
    const key = keyOf(n, group);
    this.letters.set(key, [...(this.letters.get(key) ?? []), letter]);
    return this;
  }

  /** Adds the dead letter of a foreign entry. */
  foreignDead(group: Group, origin: string, reason: string): this {
    this.foreignLetters.push({
      ...{ path: 'chaos/one', group, letterId: '3000-0', id: origin, origin, n: undefined, reason },
      ...{ attempts: 0, crashes: 0, replays: 0 },
    });
    return this;
  }

  fault(record: FaultRecord): this {
    this.faults.push(record);
    return this;
  }

  process(record: Partial<ProcessRecord> & { readonly pid: number }): this {
    this.processes.push({ slot: 'a-0', startedAt: 0, ...record });
    return this;
  }

  killed(pid: number, endedAt: number): this {
    return this.process({ pid, endedAt, signal: 'SIGKILL', code: null, endedBy: 'kill' });
  }

  consumer(entry: Facts['consumers'][number]): this {
    this.consumers.push(entry);
    return this;
  }

  history(...lines: readonly Line[]): this {
    this.lines.push(lines);
    return this;
  }

  get facts(): Facts {
    const turns = new Map<number, readonly Turn[]>();
    for (const { operation, turns: own } of this.messages.values()) turns.set(operation.index, own);
    const evidence = {
      options: { durability: this.durability, topology: 'standalone' },
      ...{ startedAt: 0, endedAt: 100_000, stuck: this.stuck, surplus: [] },
      oversized: this.oversized,
      final: { leftovers: {}, entries: [], letters: [], consumers: [], slow: this.slow },
      storm: { records: this.faults, missed: 0 },
      histories: new Map(this.lines.map((lines, index) => [index, lines])),
    } as unknown as Evidence;
    return {
      ...{ evidence, operations: turns, messages: this.messages, handlings: this.handlings },
      ...{ letters: this.letters, entries: this.entries, strangers: [] },
      foreignLetters: this.foreignLetters,
      ...{ processes: this.processes, consumers: this.consumers },
      interruptions: new Interruptions(this.faults, this.processes, this.lines),
    };
  }
}
