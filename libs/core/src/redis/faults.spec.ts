import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';

import { describe, expect, it, test } from '@jest/globals';
import { ReplyError } from 'ioredis';

import {
  BrokerRefusedError,
  BrokerUnavailableError,
  ClosedError,
  InternalError,
  LeaseLostError,
} from '../errors.js';
import {
  isConnectionFault,
  isDenied,
  isMissingGroup,
  isTransient,
  replyOf,
  toBrokerError,
} from './faults.js';

/** As ioredis makes it of what the server answered. */
function reply(text: string): Error {
  return new (ReplyError as new (text: string) => Error)(text);
}

function named(name: string, message = 'it broke'): Error {
  return Object.assign(new Error(message), { name });
}

/** An error that Node itself made: outside of Jest's sandbox, as those of sockets are. */
function errorOfNode(): unknown {
  try {
    return readFileSync('/does/not/exist');
  } catch (error) {
    return error;
  }
}

const CODES = {
  transient: 'BROKER_REFUSED',
  later: 'BROKER_OUT_OF_MEMORY',
  denied: 'BROKER_DENIED',
  refused: 'BROKER_REFUSED',
  absent: 'COMMAND_MISSING',
};

const REPLIES: readonly [text: string, meaning: keyof typeof CODES][] = [
  ['LOADING Redis is loading the dataset in memory', 'transient'],
  ["READONLY You can't write against a read only replica.", 'transient'],
  ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'transient'],
  ['CLUSTERDOWN The cluster is down', 'transient'],
  ['TRYAGAIN Multiple keys request during rehashing of slot', 'transient'],
  ['NOREPLICAS Not enough good replicas to write.', 'transient'],
  ['BUSY Redis is busy running a script.', 'transient'],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'later'],
  [
    "OOM command not allowed when used memory > 'maxmemory'. script: 3ac1, on @user_script:9.",
    'later',
  ],
  [
    'MISCONF Redis is configured to save RDB snapshots, but is unable to persist to disk.',
    'transient',
  ],
  ['WRONGPASS invalid username-password pair or user is disabled.', 'denied'],
  ['NOAUTH Authentication required.', 'denied'],
  ["NOPERM this user has no permissions to run the 'xadd' command", 'denied'],
  ['BUSYGROUP Consumer Group name already exists', 'refused'],
  [
    "ERR The user executing the script can't run this command or subcommand script: 16137, on @user_script:2.",
    'denied',
  ],
  [
    "ERR ACL failure in script: User u has no permissions to run the 'hset' command script: 16137, on @user_script:2.",
    'denied',
  ],
  ['NOGROUP No such key or consumer group', 'refused'],
  ['UNBLOCKED the stream key no longer exists', 'refused'],
  ['NOSCRIPT No matching script.', 'refused'],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'refused'],
  ["CROSSSLOT Keys in request don't hash to the same slot", 'refused'],
  ["ERR unknown command 'XADD', with args beginning with: 'k' ", 'absent'],
  ['ERR unknown subcommand', 'absent'],
  ['ERR the word LOADING is not at the beginning', 'refused'],
  ['LOADINGS is not a code of Redis', 'refused'],
];

describe('a reply of the server', () => {
  test.each(REPLIES)('%s', (text, meaning) => {
    const error = reply(text);
    expect(replyOf(error)).toBe(text);
    expect(isConnectionFault(error)).toBe(false);
    expect(isTransient(error)).toBe(meaning === 'transient');
    expect(isDenied(error)).toBe(meaning === 'denied');

    const refused = toBrokerError(error);
    expect(refused).toBeInstanceOf(BrokerRefusedError);
    expect(refused).toMatchObject({
      code: CODES[meaning],
      retryable: meaning === 'transient' || meaning === 'later',
      cause: error,
    });
    expect(refused.message.startsWith(`Redis refused: ${text}`)).toBe(true);
  });

  test('is recognised although a minifier has renamed its class', () => {
    const error = reply('READONLY no writes here');
    Object.defineProperty(error, 'name', { value: 'e' });
    expect(replyOf(error)).toBe(error.message);
    expect(toBrokerError(error)).toBeInstanceOf(BrokerRefusedError);
  });

  test.each([
    ['NOGROUP No such key', true],
    ['UNBLOCKED the stream key no longer exists', true],
    ['BUSYGROUP Consumer Group name already exists', false],
    ['ERR NOGROUP', false],
  ])('%s says that the group is missing: %s', (text, isMissing) => {
    expect(isMissingGroup(reply(text))).toBe(isMissing);
    expect(isMissingGroup(new Error(text))).toBe(false);
  });
});

describe('an error of ioredis', () => {
  it('is passed on without the arguments of its command, which may be a payload or a password', () => {
    const errorOf = (name: string): Error =>
      Object.assign(reply('WRONGPASS invalid'), { command: { name, args: ['hunter2'] } });
    const error = Object.assign(errorOf('exec'), { previousErrors: [errorOf('hset')] });
    expect(inspect(error, { depth: 9 })).toContain('hunter2');
    expect(inspect(toBrokerError(error), { depth: 9 })).not.toContain('hunter2');
    expect(error).toMatchObject({ command: { name: 'exec' } });
  });
});

describe('a fault of the connection', () => {
  test.each<[string, unknown]>([
    ['a closed connection', new Error('Connection is closed.')],
    ['a stream that is not writeable', new Error("Stream isn't writeable")],
    ['a command that was given up', named('AbortError', 'Command aborted due to connection close')],
    ['too many retries', named('MaxRetriesPerRequestError')],
    ['a parser that lost its place', named('ParserError')],
    ['a cluster that is gone', named('ClusterAllFailedError')],
    ["an error of Node's own", errorOfNode()],
    ['an error that only looks like a reply', new Error('WRONGTYPE')],
  ])('%s is worth another try, and what became of the command is unknown', (_, error) => {
    expect(replyOf(error)).toBeUndefined();
    expect(isConnectionFault(error)).toBe(true);
    expect(isTransient(error)).toBe(true);
    expect(isDenied(error)).toBe(false);

    const unavailable = toBrokerError(error);
    expect(unavailable).toBeInstanceOf(BrokerUnavailableError);
    expect(unavailable).toMatchObject({ outcome: 'unknown', retryable: true, cause: error });
    expect(unavailable.message).toBe(`Redis is not reachable: ${(error as Error).message}`);
  });
});

describe('an error from neither Redis nor the connection', () => {
  test.each<[string, unknown]>([
    ['a TypeError', new TypeError('x is not a function')],
    ['a RangeError', new RangeError('Invalid string length')],
    ['a ReferenceError', new ReferenceError('x is not defined')],
    ['undefined', undefined],
    ['null', null],
    ['a text', 'LOADING'],
    ['an object', { name: 'ReplyError', message: 'LOADING' }],
    ['a closed client', new ClosedError()],
  ])('%s is not worth another try', (_, error) => {
    expect(replyOf(error)).toBeUndefined();
    expect(isConnectionFault(error)).toBe(false);
    expect(isTransient(error)).toBe(false);
    expect(isDenied(error)).toBe(false);
    expect(isMissingGroup(error)).toBe(false);
  });

  test.each<[string, Error]>([
    ['a TypeError', new TypeError('x is not a function')],
    ['a RangeError', new RangeError('Maximum call stack size exceeded')],
    ['a ReferenceError', new ReferenceError('x is not defined')],
    ['a SyntaxError', new SyntaxError('Unexpected token')],
    ['a TypeError of another realm', named('TypeError')],
    ['a TypeError that a minifier renamed', new (class e extends TypeError {})('no')],
    ['a failed assertion', named('AssertionError')],
  ])('%s is a mistake of a program, never an outage of Redis', (_, error) => {
    expect(isTransient(error)).toBe(false);
    const refused = toBrokerError(error);
    expect(refused).toBeInstanceOf(InternalError);
    expect(refused).toMatchObject({ code: 'INTERNAL', retryable: false, cause: error });
    expect(refused.message).toContain(error.message);
  });

  it.each([new LeaseLostError(), new ClosedError()])(
    'is left as it is when it is ours',
    (error) => {
      expect(toBrokerError(error)).toBe(error);
    },
  );

  it.each([undefined, 'boom', 5, Object.create(null)])(
    'becomes a typed error when %p was thrown',
    (thrown: unknown) => {
      expect(toBrokerError(thrown)).toBeInstanceOf(BrokerUnavailableError);
    },
  );
});
