import { types } from 'node:util';

import { ReplyError } from 'ioredis';

import {
  BrokerRefusedError,
  BrokerUnavailableError,
  InternalError,
  LeanMQError,
  toError,
} from '../errors.js';

/**
 * Matches replies that pass without a change on our side: the server loads its data, fails over, moves a slot, or has a
 * full disk. All clients get them, so no other consumer can take over deliveries that are held back meanwhile.
 */
const TRANSIENT = /^(LOADING|READONLY|MISCONF|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|BUSY)\b/;
/** Matches refusals of publishes that may pass later; commands that free memory are still accepted. */
const RETRYABLE = /^OOM\b/;
const DENIED =
  /^(WRONGPASS|NOAUTH|NOPERM)\b|^ERR (The user executing the script can't|ACL failure in script)/;

const REPLY_ERROR = ReplyError as new () => Error;
/** Errors of a bug in a program; a new connection does not help. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError];
/** Names beside the classes: an error of another realm is not an instance, and a minified class has another name. */
const MISTAKE_NAMES = new Set(MISTAKES.map(({ name }) => name)).add('AssertionError');

/** Returns the server's error reply; undefined for any other error. */
export function replyOf(error: unknown): string | undefined {
  if (!isError(error)) return undefined;
  // A bundler may rename the class, and a factory's client may come from another copy of ioredis.
  return error.name === 'ReplyError' || error instanceof REPLY_ERROR ? error.message : undefined;
}

/**
 * Returns true when the connection failed rather than the command, which may or may not have been executed. ioredis has
 * many names for such errors, but only one for an error reply.
 */
export function isConnectionFault(error: unknown): boolean {
  if (!isError(error) || error instanceof LeanMQError) return false;
  return !isMistake(error) && replyOf(error) === undefined;
}

/** Returns true for a bug in a program: the same call fails in the same way again, on any connection or server. */
function isMistake(error: Error): boolean {
  return MISTAKE_NAMES.has(error.name) || MISTAKES.some((Mistake) => error instanceof Mistake);
}

/** Recognises an Error of any realm: in a test runner's sandbox, Node's socket errors are not instances of Error. */
function isError(thrown: unknown): thrown is Error {
  return types.isNativeError(thrown) || thrown instanceof Error;
}

/** Returns true when sending the same command again soon may succeed. */
export function isTransient(error: unknown): boolean {
  return isConnectionFault(error) || TRANSIENT.test(replyOf(error) ?? '');
}

/** Returns true when the server refused the credentials or a permission; trying again does not help. */
export function isDenied(error: unknown): boolean {
  return DENIED.test(replyOf(error) ?? '');
}

/** Returns true when the server lacks, hides or has renamed the command. */
export function isMissingCommand(error: unknown): boolean {
  return /^ERR unknown (command|subcommand)\b/i.test(replyOf(error) ?? '');
}

/** Returns true when the server refused the selected database; ioredis then continues in database 0. */
export function refusedSelect(error: unknown): boolean {
  const { command } = Object(error) as { command?: { name?: unknown } };
  return replyOf(error) !== undefined && command?.name === 'select';
}

/** Returns true when a connection refused with this error will always be refused. */
export function isHopeless(error: unknown): boolean {
  return (
    isDenied(error) || isMissingCommand(error) || (refusedSelect(error) && !isTransient(error))
  );
}

export function isMissingGroup(error: unknown): boolean {
  // UNBLOCKED: the stream was deleted while a read was blocked on it.
  return /^(NOGROUP|UNBLOCKED)\b/.test(replyOf(error) ?? '');
}

/** Turns an error of ioredis into a typed error. */
export function toBrokerError(error: unknown): LeanMQError {
  if (error instanceof LeanMQError) return error;
  withoutArguments(error);
  const reply = replyOf(error);
  if (reply === undefined) {
    if (isError(error) && isMistake(error)) return new InternalError(error);
    return new BrokerUnavailableError(
      `Redis is not reachable: ${toError(error).message}`,
      'unknown',
      { cause: error },
    );
  }
  const { code, remedy } = explain(reply);
  const end = remedy === '' || reply.endsWith('.') ? '' : '.';
  return new BrokerRefusedError(`Redis refused: ${reply}${end}${remedy}`, {
    code,
    retryable: TRANSIENT.test(reply) || RETRYABLE.test(reply),
    cause: error,
  });
}

function explain(reply: string): { code: string; remedy: string } {
  if (reply.startsWith('OOM')) {
    return {
      code: 'BROKER_OUT_OF_MEMORY',
      remedy:
        ' Nothing was written. Try again when consumers have caught up, or raise "maxmemory".',
    };
  }
  if (/^ERR unknown (command|subcommand)\b/i.test(reply)) {
    return {
      code: 'COMMAND_MISSING',
      remedy: ' LeanMQ needs that command; docs/operations.md lists the requirements for a server.',
    };
  }
  if (/^(MOVED|CLUSTERDOWN|CROSSSLOT)\b/.test(reply)) {
    return { code: 'BROKER_REFUSED', remedy: ' Redis Cluster is not supported yet.' };
  }
  if (/^(WRONGPASS|NOAUTH)\b/.test(reply)) {
    return { code: 'BROKER_DENIED', remedy: ' Check user and password in option "redis".' };
  }
  if (DENIED.test(reply)) {
    const remedy = ' Give the user the permissions that docs/operations.md lists.';
    return { code: 'BROKER_DENIED', remedy };
  }
  return { code: 'BROKER_REFUSED', remedy: '' };
}

/**
 * Removes the command arguments that ioredis attaches to an error: errors are logged, and the arguments hold payloads and
 * the password of AUTH.
 */
export function withoutArguments<T>(error: T): T {
  if (isError(error)) {
    const { previousErrors = [] } = error as { previousErrors?: readonly unknown[] };
    for (const each of [error, ...previousErrors]) {
      const { command } = each as { command?: { args?: unknown } };
      if (command !== undefined) delete command.args;
    }
  }
  return error;
}
