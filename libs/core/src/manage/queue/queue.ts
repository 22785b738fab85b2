import { displayPath } from '../../message/index.js';
import { assertQueue } from '../arguments.js';
import type { ManageContext, SweepCounts } from '../context.js';
import { DeadLetters } from '../dead-letters/dead-letters.js';
import {
  checkDeletion,
  deleteKeptDeadLetters,
  deleteQueue,
  type DeleteQueueOptions,
} from './delete-queue.js';
import { find, type FoundMessage } from '../messages/find.js';
import {
  declareGroup,
  removeGroup,
  type DeclareGroupOptions,
  type RemoveGroupOptions,
  type RemovedGroup,
} from './groups.js';
import { listInFlight, type InFlightInfo, type InFlightOptions } from '../messages/in-flight.js';
import { listMessages, type MessagesOptions, type MessagesPage } from '../messages/messages.js';
import { pause, setPaused, type PauseOptions } from './pause.js';
import { purge, type PurgeOptions } from './purge.js';
import { inspect, type GroupInfo, type QueueInfo } from './queue-info.js';
import { remove, type RemoveOptions, type RemovedFrom } from '../messages/remove.js';
import { cancelReplay, listReplays, type NotedReplay } from '../replay/replays.js';
import { configure, type QueueSettings } from './settings.js';
import {
  ackById,
  buryById,
  runNow,
  type BuryOptions,
  type SettleOptions,
  type SettledFrom,
} from '../messages/settle-by-id.js';

// Some milliseconds of Redis.
const LOOK_LIMITS = { count: 2_000, bytes: 256 * 1024 };

/**
 * A queue as its keeper sees it. To have one does not create it: a publish does, or `declareGroup`. Everything else
 * throws a `NotFoundError` for a queue that does not exist.
 */
export class Queue {
  /** The path as people write it, `/order/status/`. */
  readonly name: string;

  constructor(
    private readonly context: ManageContext,
    /** The path in its canonical form, `order/status`. */
    readonly path: string,
  ) {
    this.name = displayPath(path);
  }

  async exists(): Promise<boolean> {
    await this.context.ready();
    return (await this.context.registry.stateOf(this.path)) === 'known';
  }

  /** What there is on it, in numbers. */
  async info(): Promise<QueueInfo> {
    await this.context.ready();
    await assertQueue(this.context, this.path);
    const routes = await this.context.registry.routes();
    const route = routes.find(({ path }) => path === this.path);
    if (route === undefined) return this.info();
    return inspect(this.context, route, LOOK_LIMITS);
  }

  private async isDeleted(): Promise<boolean> {
    return (await this.context.registry.stateOf(this.path)) === 'deleted';
  }

  async groups(): Promise<readonly GroupInfo[]> {
    const { groups } = await this.info();
    return groups.filter(({ isRemoved }) => !isRemoved);
  }

  /**
   * Creates a group, and the queue if need be, before its service is deployed: from then on it misses nothing.
   *
   * @throws {ConfigError} if a name or an option is not acceptable
   */
  async declareGroup(group: string, options?: DeclareGroupOptions): Promise<void> {
    await this.context.ready();
    await declareGroup(this.context, this.path, group, options);
  }

  /**
   * Removes a group with all that waits or is scheduled for it.
   *
   * @throws {GroupBusyError} if it has consumers or messages in flight, unless `force`
   */
  async removeGroup(group: string, options?: RemoveGroupOptions): Promise<RemovedGroup> {
    await this.context.permitted();
    return removeGroup(this.context, this.path, group, options);
  }

  /**
   * Deletes it with all that waits, is delayed or recurs; dead letters stay unless told. Consumers stop with a warning;
   * publishing to it revives it. Of a queue that is deleted already, the dead letters that were kept can be dropped.
   *
   * @returns how many messages were on its log
   */
  async delete(options: DeleteQueueOptions = {}): Promise<number> {
    checkDeletion(options);
    await this.context.permitted();
    if (options.deadLetters === true && (await this.isDeleted())) {
      await deleteKeptDeadLetters(this.context, this.path);
      return 0;
    }
    await assertQueue(this.context, this.path);
    return deleteQueue(this.context, this.path, options);
  }

  /**
   * Drops what waits and is scheduled for a group. What is in flight stays, and is dropped if it fails later.
   *
   * @returns how many were dropped
   */
  async purge(options?: PurgeOptions): Promise<number> {
    await this.context.permitted();
    return purge(this.context, this.path, options);
  }

  /**
   * Where a message is, for each group; undefined if nothing is known of it.
   *
   * @param id the caller's own, or the one that publish gave
   */
  async find(id: string): Promise<FoundMessage | undefined> {
    await this.context.ready();
    await assertQueue(this.context, this.path);
    return (await find(this.context, this.path, id))?.found;
  }

  /**
   * Ends a message for one group wherever it is; its body goes when all groups are done with it.
   *
   * @returns where it was; undefined if there is nothing of it
   * @throws {MessageWaitingError} if it waits on the log for other groups too
   */
  async remove(id: string, options?: RemoveOptions): Promise<RemovedFrom | undefined> {
    await this.context.ready();
    return remove(this.context, this.path, id, options);
  }

  /**
   * Counts a message as done for a group, as if its handler had succeeded; its body stays as that of others that are
   * finished.
   *
   * @returns where it was; undefined if it neither waits, is in flight nor is to be retried
   * @throws {MessageWaitingError} if it waits on the log for other groups too
   */
  async ack(id: string, options?: SettleOptions): Promise<SettledFrom | undefined> {
    await this.context.ready();
    return ackById(this.context, this.path, id, options);
  }

  /**
   * Makes a message a dead letter of a group, with the reason `rejected`.
   *
   * @returns where it was; undefined if it neither waits, is in flight nor is to be retried
   * @throws {MessageWaitingError} if it waits on the log for other groups too
   */
  async bury(id: string, options?: BuryOptions): Promise<SettledFrom | undefined> {
    await this.context.ready();
    return buryById(this.context, this.path, id, options);
  }

  /**
   * Runs what is delayed, or is to be retried by a group, now.
   *
   * @returns what it was; undefined if it is not scheduled
   */
  async runNow(id: string, options?: SettleOptions): Promise<'delayed' | 'scheduled' | undefined> {
    await this.context.ready();
    return runNow(this.context, this.path, id, options);
  }

  /**
   * Lists messages that no handler has at the moment, a page at a time: `waiting` ones in the order of the log,
   * `retrying` ones of a group, those that can be delivered now before those that are due later, and `delayed` ones, the
   * next due first. What moves on meanwhile may be missed or listed twice.
   *
   * @throws {ConfigError} for an option that is not acceptable, or the cursor of another list
   * @example
   * let cursor: string | undefined;
   * do {
   *   const page = await queue.messages({ state: 'delayed', cursor });
   *   for (const { id, dueAt } of page.messages) console.log(id, dueAt);
   *   cursor = page.cursor;
   * } while (cursor !== undefined);
   */
  async messages<T = unknown>(options: MessagesOptions): Promise<MessagesPage<T>> {
    await this.context.ready();
    return (await listMessages(this.context, this.path, options)) as MessagesPage<T>;
  }

  /** What a group has in flight, with whom and for how long; the longest first. */
  async inFlight(options?: InFlightOptions): Promise<InFlightInfo[]> {
    await this.context.ready();
    return listInFlight(this.context, this.path, options);
  }

  /**
   * Stops delivery to a group, also to processes started later. What runs is finished; `drain` waits for that.
   *
   * @param options a group, of this process' own unless told, or options
   * @throws {LeanMQError} `DRAIN_TIMEOUT` when what runs has not ended within `timeoutMs`; the group stays paused
   */
  async pause(options?: string | PauseOptions): Promise<void> {
    await this.context.ready();
    await pause(this.context, this.path, options);
  }

  async resume(group: string = this.context.ownGroup()): Promise<void> {
    await this.context.ready();
    await setPaused(this.context, this.path, group, false);
  }

  /** Changes settings for all services; what is not given stays, null goes back to the default. */
  async configure(settings: QueueSettings): Promise<void> {
    await this.context.ready();
    await configure(this.context, this.path, settings);
  }

  /** Promotes what is due, ends what has expired and trims what is finished, now. It happens by itself too. */
  async sweep(): Promise<SweepCounts> {
    await this.context.ready();
    await assertQueue(this.context, this.path);
    return this.context.sweep(this.path);
  }

  /** Replays of its history that run, or were stopped and can be gone on with; see `LeanMQ.replay`. */
  async replays(): Promise<NotedReplay[]> {
    await this.context.ready();
    return listReplays(this.context, this.path);
  }

  /** Gives a replay up: it stops if it runs, and what it has not come to is no longer kept for it. */
  async cancelReplay(id: string): Promise<'cancelled' | 'not-found'> {
    await this.context.ready();
    return cancelReplay(this.context, this.path, id);
  }

  /** The dead letters of a group, of this process' own unless told. */
  deadLetters(group: string = this.context.ownGroup()): DeadLetters {
    return new DeadLetters(this.context, this.path, group);
  }
}
