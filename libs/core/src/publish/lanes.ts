import type { LeanMQError } from '../errors.js';
import type { Connection } from '../redis/index.js';
import type { GroupCommit } from './group-commit.js';
import { Lane, type LaneContext } from './lane.js';
import { Recent } from './recent.js';

/** Minimum number of lanes to keep. Beyond it unused lanes are forgotten: an application may use one path per id. */
const LEAST_KEPT = 1_000;

/** Lanes that share a connection: those of plain sends, or of sends that wait for the same number of replicas. */
export class Lanes {
  private readonly lanes: Recent<Lane>;
  /** Highest sequence number of all forgotten lanes: a path's next lane continues from it, under the same marker. */
  private sequence = 0;

  /**
   * @param publisherId name of the markers; no two lanes of a path may share one
   * @param commit waits for replicas; undefined when the master is enough
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

  /** True when new sends can only wait. */
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

  /** Forgets the lanes that were not used since the last call. */
  forget(): void {
    this.lanes.forget();
  }

  abandon(error: LeanMQError): void {
    for (const lane of this.lanes) lane.abandon(error);
  }
}
