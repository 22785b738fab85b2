import { type LeanMQ, type LeanMQEvents } from '@leanmq/core';
import { displayPath } from '@leanmq/core/internal';

import { lineLogger } from './line-logger.js';

/** Writes important events to Nest's log, one line each; successful messages are not logged. */
export function logEvents(mq: LeanMQ): void {
  const { events } = mq;
  const logger = lineLogger();
  events.on('started', (event) => logger.log(started(event)));
  events.on('stopped', (event) => logger.log(stopped(event)));
  events.on('connectionLost', (event) => logger.warn(connectionLost(event)));
  events.on('connectionStillLost', (event) => logger.warn(connectionStillLost(event)));
  events.on('connectionRegained', ({ downMs }) => {
    logger.log(`Connected to Redis again, after ${Math.round(downMs)} ms`);
  });
  events.on('retried', (event) => logger.debug(retried(event)));
  events.on('lost', (event) => logger.debug(lost(event)));
  events.on('deadLettered', (event) => logger.error(deadLettered(event)));
  events.on('suspected', (event) => logger.warn(suspected(event)));
  events.on('warning', ({ message, code }) => logger.warn(`${message} (${code})`));
  events.on('fault', ({ where, error }) => {
    logger.error(`Fault in ${where}: ${error.message}`, error);
  });
}

/** Warns that the application has no handlers, perhaps because a provider was forgotten. */
export function logNoHandlers(): void {
  lineLogger().log('Ready to publish; no method has @OnWebhook or @OnWebhookBatch');
}

type Of<Name extends keyof LeanMQEvents> = LeanMQEvents[Name][0];

function started({ group, consumer, routes }: Of<'started'>): string {
  const named = routes.map(displayPath).join(', ');
  return `Started ${consumer} in group "${group}" with ${count(routes.length, 'queue')}: ${named}`;
}

function stopped({ group, consumer, released }: Of<'stopped'>): string {
  const rest = released === 0 ? '' : `; gave back ${count(released, 'unfinished delivery')}`;
  return `Stopped ${consumer} in group "${group}"${rest}`;
}

function connectionLost({ role, error }: Of<'connectionLost'>): string {
  return `Lost the ${role} connection to Redis${error === undefined ? '' : `: ${error.message}`}`;
}

function connectionStillLost({ downMs, waiting }: Of<'connectionStillLost'>): string {
  const sends = waiting === 1 ? '1 send waits' : `${waiting} sends wait`;
  return `Still without Redis after ${Math.round(downMs / 1_000)} s; ${sends}`;
}

function retried({ path, id, attempt, delayMs, error }: Of<'retried'>): string {
  return `${displayPath(path)} ${id} failed at attempt ${attempt}, again in ${Math.round(delayMs)} ms: ${error.name}: ${error.message}`;
}

function lost({ path, id, error }: Of<'lost'>): string {
  return `${displayPath(path)} ${id} failed and is gone, because it was acked before: ${error.name}: ${error.message}`;
}

function deadLettered({ path, id, attempt, group, reason, error }: Of<'deadLettered'>): string {
  const why = error === undefined ? '' : `: ${error.name}: ${error.message}`;
  return `${displayPath(path)} ${id} is a dead letter of group "${group}" (${reason}, attempt ${attempt})${why}`;
}

function suspected({ path, group, count: number }: Of<'suspected'>): string {
  return `${displayPath(path)} has ${count(number, 'message')} that may have crashed a process; group "${group}" runs them alone`;
}

function count(number: number, noun: string): string {
  if (number === 1) return `1 ${noun}`;
  return `${number} ${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}
