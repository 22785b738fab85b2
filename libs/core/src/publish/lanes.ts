import type { LeanMQError } from '../errors.js';
import type { Connection } from '../redis/index.js';
import type { GroupCommit } from './group-commit.js';
import { Lane, type LaneContext } from './lane.js';
import { Recent } from './recent.js';

/** Lanes that are kept at least. A path for each id would otherwise leave one behind for each. */
const LEAST_KEPT = 1_000;

/** The lanes that share a connection: those of plain sends, or of sends that wait for so many replicas. */
export class Lanes {
  private readonly lanes: Recent<Lane>;
  /** What lanes that were forgotten have come to: a path's next lane goes on after it, with the marker that is there. */
  private sequence = 0;

  /**
   * @param publisherId names the markers; no two lanes of a path may share one
   * @param commit waits for replicas; undefined when nobody asks for them
   */
  constructor(
    private readonly publisherId: string,
    readonly connection: Connection,
    private readonly context: LaneContext,
    private readonly commit?: GroupCommit,
  ) {
    this.lanes = new Recent(
      LEAST_KEPT,
      (lane) => lane.isFree,
      (lane) => {
        this.sequence = Math.max(this.sequence, lane.lastSequence);
        lane.rest();
      },
    );
  }

  /** Whether what is sent now only waits. */
  get isHeldUp(): boolean {
    const { connection, context, commit } = this;
    return !connection.ready || !context.maxLengths.isKnown || commit?.isBehind === true;
  }

  of(path: string): Lane {
    let lane = this.lanes.get(path);
    if (lane === undefined) {
      const { publisherId, connection, context, commit, sequence } = this;
      lane = new Lane(path, publisherId, connection, context, commit, sequence);
      this.lanes.set(path, lane);
    }
    return lane;
  }

  /** Forgets the lanes that were not used since the last time. */
  forget(): void {
    this.lanes.forget();
  }

  abandon(error: LeanMQError): void {
    for (const lane of this.lanes) lane.abandon(error);
  }
}
