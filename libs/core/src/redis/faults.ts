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
 * Replies that pass without a change of ours: the server loads its data, a failover is under way, a slot moves, its disk
 * is full. Everybody meets them, so that nobody can take over what is held back meanwhile.
 */
const TRANSIENT = /^(LOADING|READONLY|MISCONF|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|BUSY)\b/;
/** A refusal that a later call may not meet, but of publishes only: what frees memory is let through. */
const RETRYABLE = /^OOM\b/;
const DENIED =
  /^(WRONGPASS|NOAUTH|NOPERM)\b|^ERR (The user executing the script can't|ACL failure in script)/;

const REPLY_ERROR = ReplyError as new () => Error;
/** Mistakes of a program, which are not cured by a new connection. */
const MISTAKES = [TypeError, RangeError, ReferenceError, SyntaxError, EvalError, URIError];
/** An error of another realm is no instance of these, and a minified class has another name. */
const MISTAKE_NAMES = new Set(MISTAKES.map(({ name }) => name)).add('AssertionError');

/** What the server answered, when it was an error; undefined for everything else. */
export function replyOf(error: unknown): string | undefined {
  if (!isError(error)) return undefined;
  // A bundler may rename the class, and a factory's client may come from another copy of ioredis.
  return error.name === 'ReplyError' || error instanceof REPLY_ERROR ? error.message : undefined;
}

/**
 * Whether the connection failed rather than the command: the command may or may not have been executed. ioredis gives
 * such errors many names, a reply only one.
 */
export function isConnectionFault(error: unknown): boolean {
  if (!isError(error) || error instanceof LeanMQError) return false;
  return !isMistake(error) && replyOf(error) === undefined;
}

/** Whether a program is at fault, not the connection nor the server: the same call fails in the same way again. */
function isMistake(error: Error): boolean {
  return MISTAKE_NAMES.has(error.name) || MISTAKES.some((Mistake) => error instanceof Mistake);
}

/** The errors of Node's sockets are of another realm, and no instances of Error, to code in a test runner's sandbox. */
function isError(thrown: unknown): thrown is Error {
  return types.isNativeError(thrown) || thrown instanceof Error;
}

/** Whether the same command is worth sending again in a moment. */
export function isTransient(error: unknown): boolean {
  return isConnectionFault(error) || TRANSIENT.test(replyOf(error) ?? '');
}

/** Whether the server refused who we are or what we may do; trying again is of no use. */
export function isDenied(error: unknown): boolean {
  return DENIED.test(replyOf(error) ?? '');
}

/** Whether the server has hidden or renamed the command, or does not have it. */
export function isMissingCommand(error: unknown): boolean {
  return /^ERR unknown (command|subcommand)\b/i.test(replyOf(error) ?? '');
}

/** Whether ioredis was refused the database that was asked for, after which it goes on in database 0. */
export function refusedSelect(error: unknown): boolean {
  const { command } = Object(error) as { command?: { name?: unknown } };
  return replyOf(error) !== undefined && command?.name === 'select';
}

/** Whether a connection that was refused with this error is refused again, however often it is tried. */
export function isHopeless(error: unknown): boolean {
  return (
    isDenied(error) || isMissingCommand(error) || (refusedSelect(error) && !isTransient(error))
  );
}

export function isMissingGroup(error: unknown): boolean {
  // UNBLOCKED: the stream was deleted while a read was blocked on it.
  return /^(NOGROUP|UNBLOCKED)\b/.test(replyOf(error) ?? '');
}

/** The typed form of whatever ioredis rejected with. */
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
        ' Nothing was written. It may work again when consumers have caught up; otherwise raise "maxmemory".',
    };
  }
  if (/^ERR unknown (command|subcommand)\b/i.test(reply)) {
    return {
      code: 'COMMAND_MISSING',
      remedy: ' LeanMQ needs that command; docs/operations.md lists what it needs of a server.',
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
 * Takes the arguments of commands off an error of ioredis, which notes them there: payloads, and the password of AUTH.
 * Errors are logged.
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
