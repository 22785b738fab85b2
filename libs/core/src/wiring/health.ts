import { performance } from 'node:perf_hooks';

import { displayPath, type ConsumingState } from '../message/index.js';
import type { Engine } from './engine.js';
import type { RefusedCommand } from './refusals.js';
import type { Service } from './service.js';
import { slotHolders, type WatchedRoute } from './standstill.js';

/** A handler of this process, in numbers that tell why nothing is delivered to it. */
export interface HandlerHealth {
  /** The path as people write it, `/order/status/`. */
  readonly path: string;
  /** Its group is paused on the queue, or was removed from it, or the queue was deleted. */
  readonly isPaused: boolean;
  /** Deliveries that it may run at the same time. */
  readonly slots: number;
  /** Slots that are taken. */
  readonly running: number;
  /** Slots whose attempt is over (timed out, lease lost) and whose handler has not returned. */
  readonly stuck: number;
  /** Deliveries that were read and wait for a slot or a permit. */
  readonly waiting: number;
  /** How long all slots have been taken without one becoming free, ms; undefined while one is free. */
  readonly busyForMs: number | undefined;
  /** How long it has been waiting for a permit of its rate limit, ms; undefined while it does not. */
  readonly permitForMs: number | undefined;
  /** How long its longest delivery has been running, ms; undefined while none is. */
  readonly longestRunMs: number | undefined;
}

/** How it is, at this moment. */
export interface Health {
  /**
   * `up` when every connection is there and the readers read; `down` otherwise, and once it is closed. What it returns
   * is an indicator's result to `@nestjs/terminus`.
   */
  readonly status: 'up' | 'down';
  /** `close()` was called. */
  readonly isClosed: boolean;
  /**
   * Whether this process consumes: `none` without a handler or before the first start, `paused` when all of its handlers
   * are.
   */
  readonly consuming: ConsumingState;
  readonly connections: Readonly<Record<string, boolean>>;
  /** For each reader, how long it has been without a read that came back, ms; 0 while all its slots are busy or paused. */
  readonly readAgesMs: readonly number[];
  /** Deliveries held, running or waiting for their turn. */
  readonly inFlight: number;
  /** Sends without an answer. */
  readonly publishing: number;
  /** Slots of all handlers whose attempt is over and whose handler has not returned. */
  readonly stuck: number;
  /** What Redis has refused within the last minute. */
  readonly refused: readonly RefusedCommand[];
  /** The handlers that consume; none while this process does not. */
  readonly handlers: readonly HandlerHealth[];
}

/** A read that has been out for that many of its own waiting times is not coming back. */
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
