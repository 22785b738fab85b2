import type { QueueInfo } from './queue-info.js';

/** A queue, or the dead-letter queue of one of its groups, as an item of one flat list. */
export interface ListedQueue {
  /** `/order/status/`; for a dead-letter queue `/order/status/:dead:<group>`. */
  readonly name: string;
  readonly path: string;
  readonly isDlq: boolean;
  /** Group of a dead-letter queue; undefined for other queues. */
  readonly group: string | undefined;
  readonly messages: number;
  readonly inFlight: number;
  readonly scheduled: number;
  /** Dead letters of all groups. */
  readonly dead: number;
  readonly groups: number;
  readonly consumers: number;
  /** Unread messages of the slowest group. */
  readonly lag: number;
  readonly createdAt: number;
}

/** Lists every queue, followed by the dead-letter queues of its groups. Pure. */
export function listWithDeadLetters(queues: readonly QueueInfo[]): ListedQueue[] {
  return queues.flatMap((queue) => [
    ...(queue.deletedAt === undefined ? [itself(queue)] : []),
    ...deadLettersOf(queue),
  ]);
}

function itself({ name, path, messages, scheduled, groups, createdAt }: QueueInfo): ListedQueue {
  const sum = (count: (group: QueueInfo['groups'][number]) => number): number =>
    groups.reduce((total, group) => total + count(group), 0);
  return {
    name,
    path,
    isDlq: false,
    group: undefined,
    messages,
    inFlight: sum(({ inFlight }) => inFlight),
    scheduled: scheduled + sum((group) => group.scheduled),
    dead: sum(({ dead }) => dead),
    groups: groups.filter(({ isRemoved }) => !isRemoved).length,
    consumers: sum(({ consumers }) => consumers.length),
    lag: Math.max(0, ...groups.map(({ waiting }) => waiting)),
    createdAt,
  };
}

function deadLettersOf({ name, path, groups, createdAt }: QueueInfo): ListedQueue[] {
  return (
    groups
      // A group that exists has a dead-letter queue even if empty; a removed one only with dead letters left.
      .filter(({ dead, isRemoved }) => dead > 0 || !isRemoved)
      .map(({ group, dead }) => ({
        name: `${name}:dead:${group}`,
        path,
        isDlq: true,
        group,
        messages: dead,
        inFlight: 0,
        scheduled: 0,
        dead,
        groups: 1,
        consumers: 0,
        lag: 0,
        createdAt,
      }))
  );
}
