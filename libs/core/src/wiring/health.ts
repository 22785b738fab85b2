import { performance } from 'node:perf_hooks';

import { displayPath, type ConsumingState } from '../message/index.js';
import type { Engine } from './engine.js';
import type { RefusedCommand } from './refusals.js';
import type { Service } from './service.js';
import { slotHolders, type WatchedRoute } from './standstill.js';

/** State of a handler of this process; shows why nothing is delivered to it. */
export interface HandlerHealth {
  /** Display form of the path, `/order/status/`. */
  readonly path: string;
  /** True when its group is paused on the queue or was removed from it, or when the queue was deleted. */
  readonly isPaused: boolean;
  /** Maximum number of deliveries that run at the same time. */
  readonly slots: number;
  /** Slots in use. */
  readonly running: number;
  /** Slots whose attempt is over (timed out, lease lost) but whose handler has not returned. */
  readonly stuck: number;
  /** Deliveries that were read and wait for a slot or a permit. */
  readonly waiting: number;
  /** Time for which all slots have been in use without one becoming free, in ms; undefined while one is free. */
  readonly busyForMs: number | undefined;
  /** Time for which it has waited for a permit of its rate limit, in ms; undefined while it does not wait. */
  readonly permitForMs: number | undefined;
  /** Running time of its longest delivery, in ms; undefined while no delivery runs. */
  readonly longestRunMs: number | undefined;
}

/** Current state of a process. */
export interface Health {
  /**
   * `up` when every connection is there and the readers read; `down` otherwise, and once it is closed. The whole object
   * is a valid indicator result for `@nestjs/terminus`.
   */
  readonly status: 'up' | 'down';
  /** True once `close()` was called. */
  readonly isClosed: boolean;
  /** `none` without handlers or before the first start; `paused` when all handlers are paused; otherwise the state. */
  readonly consuming: ConsumingState;
  readonly connections: Readonly<Record<string, boolean>>;
  /** Time since the last completed read of each reader, in ms; 0 while all its slots are busy or paused. */
  readonly readAgesMs: readonly number[];
  /** Deliveries held, running or waiting for their turn. */
  readonly inFlight: number;
  /** Sends that Redis has not answered yet. */
  readonly publishing: number;
  /** Slots of all handlers whose attempt is over but whose handler has not returned. */
  readonly stuck: number;
  /** Commands that Redis has refused within the last minute. */
  readonly refused: readonly RefusedCommand[];
  /** Handlers that consume; empty while this process does not. */
  readonly handlers: readonly HandlerHealth[];
}

/** Number of its own block times after which a pending read counts as lost. */
const READ_OVERDUE = 3;

export function healthOf(
  { connections, options, publisher, refusals }: Engine,
  { readAges: readAgesMs, inFlightCount, state: consuming, watchedRoutes }: Service,
  isClosed: boolean,
): Health {
  const { states } = connections;
  const isReading = readAgesMs.every((age) => age < options.blockMs * READ_OVERDUE);
  const isUp = isReading && Object.values(states).every(Boolean);
  const now = performance.now();
  const handlers = watchedRoutes.map((route) => handlerHealth(route, now));
  return {
    status: isUp && !isClosed ? 'up' : 'down',
    isClosed,
    consuming,
    connections: states,
    readAgesMs,
    inFlight: inFlightCount,
    publishing: publisher.pending,
    stuck: handlers.reduce((sum, { stuck }) => sum + stuck, 0),
    refused: refusals.recent,
    handlers,
  };
}

function handlerHealth({ subscription }: WatchedRoute, now: number): HandlerHealth {
  const { path, isOff, options, runningCount, bufferedCount } = subscription;
  const { fullSince, permitSince, isWaitingForPermit } = subscription;
  const { stuck, longest } = slotHolders(subscription, now);
  const since = (at: number): number => Math.round(now - at);
  return {
    path: displayPath(path),
    isPaused: isOff,
    slots: options.concurrency,
    running: runningCount,
    stuck,
    waiting: bufferedCount,
    busyForMs: fullSince === 0 ? undefined : since(fullSince),
    permitForMs: isWaitingForPermit ? since(permitSince) : undefined,
    longestRunMs: longest === undefined ? undefined : since(longest.startedAt),
  };
}
