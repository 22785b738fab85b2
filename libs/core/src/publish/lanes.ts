import type { LeanMQError } from '../errors.js';
import type { Connection } from '../redis/index.js';
import type { GroupCommit } from './group-commit.js';
import { Lane, type LaneContext } from './lane.js';

/** The lanes that share a connection: those of plain sends, or of sends that wait for so many replicas. */
export class Lanes {
  private readonly byPath = new Map<string, Lane>();

  /**
   * @param publisherId names the markers; no two lanes of a path may share one
   * @param commit waits for replicas; undefined when nobody asks for them
   */
  constructor(
    private readonly publisherId: string,
    readonly connection: Connection,
    private readonly context: LaneContext,
    private readonly commit?: GroupCommit,
  ) {}

  /** Whether what is sent now only waits. */
  get isHeldUp(): boolean {
    const { connection, context, commit } = this;
    return !connection.ready || !context.maxLengths.isKnown || commit?.isBehind === true;
  }

  of(path: string): Lane {
    let lane = this.byPath.get(path);
    if (lane === undefined) {
      lane = new Lane(path, this.publisherId, this.connection, this.context, this.commit);
      this.byPath.set(path, lane);
    }
    return lane;
  }

  abandon(error: LeanMQError): void {
    for (const lane of this.byPath.values()) lane.abandon(error);
  }
}
