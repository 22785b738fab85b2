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
import { remove, type RemoveMessageOptions, type RemovedMessageState } from '../messages/remove.js';
import { cancelReplay, listReplays, type ReplayInfo } from '../replay/replays.js';
import { configure, type QueueSettings } from './settings.js';
import {
  ackById,
  buryById,
  runNow,
  type BuryMessageOptions,
  type SettleMessageOptions,
  type SettledMessageState,
} from '../messages/settle-by-id.js';

// Takes Redis some milliseconds.
const LOOK_LIMITS = { count: 2_000, bytes: 256 * 1024 };

/**
 * A queue, for administration. Obtaining one does not create the queue: publishing or `declareGroup` does. All other
 * methods throw a `NotFoundError` for a queue that does not exist.
 */
export class Queue {
  /** Display form of the path, `/order/status/`. */
  readonly name: string;

  constructor(
    private readonly context: ManageContext,
    /** Canonical form of the path, `order/status`. */
    readonly path: string,
  ) {
    this.name = displayPath(path);
  }

  async exists(): Promise<boolean> {
    await this.context.ready();
    return (await this.context.registry.stateOf(this.path)) === 'known';
  }

  /** Returns counts, groups and settings of the queue. */
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
   * Creates a group, and the queue if needed, before its service is deployed: from then on it misses no message.
   *
   * @throws {ConfigError} if a name or an option is not valid
   */
  async declareGroup(group: string, options?: DeclareGroupOptions): Promise<void> {
    await this.context.ready();
    await declareGroup(this.context, this.path, group, options);
  }

  /**
   * Removes a group with all its waiting and scheduled messages.
   *
   * @throws {GroupBusyError} if it has consumers or messages in flight, unless `force` is set
   */
  async removeGroup(group: string, options?: RemoveGroupOptions): Promise<RemovedGroup> {
    await this.context.permitted();
    return removeGroup(this.context, this.path, group, options);
  }

  /**
   * Deletes the queue with all waiting, delayed and recurring messages; dead letters stay unless `deadLetters` is set.
   * Consumers stop with a warning. Publishing revives the queue. For a queue that is deleted already, drops the dead
   * letters that were kept.
   *
   * @returns the number of messages that were on the log
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
   * Drops waiting and scheduled messages of a group. In-flight messages stay, and are dropped if they fail later.
   *
   * @returns the number of messages dropped
   */
  async purge(options?: PurgeOptions): Promise<number> {
    await this.context.permitted();
    return purge(this.context, this.path, options);
  }

  /**
   * Finds a message and returns where it is for each group; undefined if nothing is known of it.
   *
   * @param id the caller's own id, or the one that publish returned
   */
  async find(id: string): Promise<FoundMessage | undefined> {
    await this.context.ready();
    await assertQueue(this.context, this.path);
    return (await find(this.context, this.path, id))?.found;
  }

  /**
   * Removes a message for one group, wherever it is. Its body is deleted when all groups are done with it.
   *
   * @returns where the message was; undefined if it was not found
   * @throws {MessageWaitingError} if it waits on the log for other groups too
   */
  async remove(
    id: string,
    options?: RemoveMessageOptions,
  ): Promise<RemovedMessageState | undefined> {
    await this.context.ready();
    return remove(this.context, this.path, id, options);
  }

  /**
   * Marks a message as done for a group, as if its handler had succeeded. Its body is kept like that of any finished
   * message.
   *
   * @returns where the message was; undefined if it is not waiting, in flight or scheduled for a retry
   * @throws {MessageWaitingError} if it waits on the log for other groups too
   */
  async ack(id: string, options?: SettleMessageOptions): Promise<SettledMessageState | undefined> {
    await this.context.ready();
    return ackById(this.context, this.path, id, options);
  }

  /**
   * Dead-letters a message for a group, with the reason `rejected`.
   *
   * @returns where the message was; undefined if it is not waiting, in flight or scheduled for a retry
   * @throws {MessageWaitingError} if it waits on the log for other groups too
   */
  async bury(id: string, options?: BuryMessageOptions): Promise<SettledMessageState | undefined> {
    await this.context.ready();
    return buryById(this.context, this.path, id, options);
  }

  /**
   * Runs a delayed message, or a scheduled retry of a group, now.
   *
   * @returns the former state; undefined if the message is not scheduled
   */
  async runNow(
    id: string,
    options?: SettleMessageOptions,
  ): Promise<'delayed' | 'scheduled' | undefined> {
    await this.context.ready();
    return runNow(this.context, this.path, id, options);
  }

  /**
   * Lists messages that no handler has at the moment, one page at a time: `waiting` in the order of the log; `retrying`
   * of a group, those deliverable now before those due later; `delayed` by due time. Messages that move on meanwhile
   * may be missed or listed twice.
   *
   * @throws {ConfigError} for an option that is not valid, or the cursor of another list
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

  /** Lists the in-flight messages of a group with their consumers and ages, the longest first. */
  async inFlight(options?: InFlightOptions): Promise<InFlightInfo[]> {
    await this.context.ready();
    return listInFlight(this.context, this.path, options);
  }

  /**
   * Stops delivery to a group, including to processes started later. Running handlers finish; with `drain`, the call
   * waits for them.
   *
   * @param options a group, or options; the default is the group of this process
   * @throws {LeanMQError} `DRAIN_TIMEOUT` when handlers still run after `timeoutMs`; the group stays paused
   */
  async pause(options?: string | PauseOptions): Promise<void> {
    await this.context.ready();
    await pause(this.context, this.path, options);
  }

  async resume(group: string = this.context.ownGroup()): Promise<void> {
    await this.context.ready();
    await setPaused(this.context, this.path, group, false);
  }

  /** Changes settings for all services. Settings left out keep their value; null restores the default. */
  async configure(settings: QueueSettings): Promise<void> {
    await this.context.ready();
    await configure(this.context, this.path, settings);
  }

  /** Promotes due messages, ends expired ones and trims finished ones now. Every queue is also swept automatically. */
  async sweep(): Promise<SweepCounts> {
    await this.context.ready();
    await assertQueue(this.context, this.path);
    return this.context.sweep(this.path);
  }

  /** Lists replays of its history that run, or were stopped and can be resumed; see `LeanMQ.replay`. */
  async replays(): Promise<ReplayInfo[]> {
    await this.context.ready();
    return listReplays(this.context, this.path);
  }

  /** Cancels a replay: it stops if it runs, and messages that it has not reached are no longer kept for it. */
  async cancelReplay(id: string): Promise<'cancelled' | 'not-found'> {
    await this.context.ready();
    return cancelReplay(this.context, this.path, id);
  }

  /** Returns the dead letters of a group, by default the group of this process. */
  deadLetters(group: string = this.context.ownGroup()): DeadLetters {
    return new DeadLetters(this.context, this.path, group);
  }
}
