import type { Contestant, ContestantName } from '../contestants/index.js';
import type { Meter } from '../measure/meter.js';
import type { ServerWatch } from '../measure/server.js';

/** Amount of work, numbers only. `messages` and `warmUp` are reduced for slow contestants. */
export type Size = Readonly<Record<string, number>> & {
  readonly messages: number;
  readonly warmUp: number;
};

/** A figure that a work yields. */
export interface Metric {
  /** `messages/s`, `p50 ms` …; names the metric within its work. */
  readonly unit: string;
  readonly better: 'more' | 'less';
}

/** Target of a work. The ratio divides the contestant's figure by that of `against` in the same run. */
export interface Target {
  readonly contestant: ContestantName;
  readonly unit: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Absent: the figure itself is compared with the bound. */
  readonly against?: { readonly contestant: ContestantName; readonly work?: string };
}

/** Result of one measurement. */
export interface Reading {
  /** By unit. */
  readonly values: Readonly<Record<string, number>>;
  readonly cost?: CostPerMessage;
}

export interface CostPerMessage {
  /** CPU seconds of the server for each 100,000 messages. */
  readonly redisCpuPer100k?: number;
  /** CPU seconds of the contestant's process for each 100,000 messages. */
  readonly clientCpuPer100k?: number;
  /** Commands that clients wrote. */
  readonly commandsPerMessage?: number;
  /** Server memory per message, in bytes. */
  readonly bytesPerMessage?: number;
}

export interface Work {
  /** As the JSON and `--only` have it. */
  readonly id: string;
  /** One line for the table. */
  readonly about: string;
  readonly contestants: readonly ContestantName[];
  /** Only with `--peers`. */
  readonly peers?: readonly ContestantName[];
  readonly metrics: readonly Metric[];
  readonly targets: readonly Target[];
  readonly full: Size;
  readonly quick: Size;
  /** The numbers of slots of which the fastest is taken before the rounds; otherwise `size.concurrency`. */
  readonly tune?: Partial<Record<ContestantName, readonly number[]>>;
  /** Roles of its processes, by name. */
  readonly roles: Readonly<Record<string, Role>>;
  /** Directs the processes, in the one that started them. */
  run(stage: Stage): Promise<Reading>;
}

/** Where a work is performed once by one contestant, with a server of its own. */
export interface Stage {
  readonly contestant: ContestantName;
  readonly size: Size;
  readonly url: string;
  readonly serverPid: number;
  /** Starts a process that plays a role. */
  cast(role: string): Actor;
  /** The same, and waits for its end. */
  play(role: string): Promise<Reading>;
}

export interface Actor {
  readonly pid: number;
  /** Resolves when it says so, rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Return value of the role. */
  readonly reading: Promise<Reading>;
  /** Lets `stopAsked` of its part resolve. */
  stop(): void;
}

/** A role as seen from its process. */
export interface Part {
  readonly name: ContestantName;
  readonly contestant: Contestant;
  readonly size: Size;
  readonly url: string;
  readonly meter: Meter;
  readonly watch: ServerWatch;
  ready(): void;
  readonly stopAsked: Promise<void>;
}

export type Role = (part: Part) => Promise<Reading>;

export const NOTHING: Reading = { values: {} };
