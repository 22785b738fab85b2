import { describe, expect, test } from '@jest/globals';
import type { LeanMQ } from '@leanmq/core';
import type { Events } from '@leanmq/core/internal';
import { OnWebhook, RejectError, type LeanMQModuleOptions } from '@leanmq/nestjs';
import { Injectable, type LoggerService } from '@nestjs/common';

import { TcpProxy } from '../support/proxy.js';
import { useNest } from './support/nest.js';

const nest = useNest();

/** Keeps the lines of LeanMQ, each with its level before it. */
class Lines implements LoggerService {
  readonly lines: string[] = [];

  log = this.keeper('log');
  warn = this.keeper('warn');
  error = this.keeper('error');
  debug = this.keeper('debug');

  private keeper(level: string) {
    return (message: unknown, ...more: unknown[]) => {
      if (more.at(-1) === 'LeanMQ') this.lines.push(`${level} ${String(message)}`);
    };
  }
}

/** Emits events that are hard to cause. */
const emitterOf = (mq: LeanMQ) => mq.events as unknown as Pick<Events, 'emit' | 'tell'>;

@Injectable()
class Handlers {
  @OnWebhook('/ok')
  ok() {}

  @OnWebhook('/rejected')
  rejected() {
    throw new RejectError('no such order');
  }

  @OnWebhook('/failing', { attempts: 2 })
  failing() {
    throw new TypeError('x is undefined');
  }
}

async function start(options: Partial<LeanMQModuleOptions> = {}) {
  const logger = new Lines();
  const builder = nest.build({ providers: [Handlers] }, { logger: true, ...options });
  const app = await nest.init(builder.setLogger(logger));
  return { ...app, lines: logger.lines };
}

describe('the log', () => {
  test('says what was started and stopped, and nothing about an ordinary message', async () => {
    const { publisher, next, close, mq, lines } = await start();
    const group = nest.broker.prefix;
    expect(lines).toEqual([
      `log Started ${mq.consumer} in group "${group}" with 3 queues: /ok/, /rejected/, /failing/`,
    ]);
    const acked = next('acked');
    await publisher.send('/ok', {});
    await acked;
    await close();
    expect(lines.slice(1)).toEqual([`log Stopped ${mq.consumer} in group "${group}"`]);
  });

  test('says which message died, of what, and at which attempt', async () => {
    const { publisher, nextDeath, lines } = await start();
    const group = nest.broker.prefix;
    const rejected = nextDeath();
    const { id } = await publisher.send('/rejected', {});
    await rejected;
    const failed = nextDeath();
    const other = await publisher.send('/failing', {});
    await failed;
    expect(lines.slice(1)).toEqual([
      `error /rejected/ ${id} is a dead letter of group "${group}" (rejected, attempt 1): RejectError: no such order`,
      `debug /failing/ ${other.id} failed at attempt 1, again in 20 ms: TypeError: x is undefined`,
      `error /failing/ ${other.id} is a dead letter of group "${group}" (failed, attempt 2): TypeError: x is undefined`,
    ]);
  });

  test('says when the connection is lost and when it is back, once', async () => {
    const proxy = await TcpProxy.start(Number(new URL(nest.broker.url).port));
    const { next, close, lines } = await start({ redis: proxy.url });
    const [lost, regained] = [next('connectionLost'), next('connectionRegained')];
    proxy.cut();
    await lost;
    await regained;
    expect(lines[1]).toMatch(/^warn Lost the \w+ connection to Redis/);
    expect(lines[2]).toMatch(/^log Connected to Redis again, after \d+ ms$/);
    expect(lines).toHaveLength(3);
    await close();
    await proxy.stop();
  });

  test('says again while Redis is away, with how many sends wait', async () => {
    const { mq, lines } = await start();
    emitterOf(mq).tell('connectionStillLost', () => ({ downMs: 30_012, waiting: 1 }));
    emitterOf(mq).tell('connectionStillLost', () => ({ downMs: 90_004, waiting: 2 }));
    expect(lines.slice(1)).toEqual([
      'warn Still without Redis after 30 s; 1 send waits',
      'warn Still without Redis after 90 s; 2 sends wait',
    ]);
  });

  test('says what the core warns of, what fails in the background, and who may be poison', async () => {
    const { mq, lines } = await start();
    emitterOf(mq).emit('warning', { code: 'EVICTION_POLICY', message: 'Messages may be evicted.' });
    emitterOf(mq).emit('fault', { where: 'sweep', error: new Error('WRONGTYPE') });
    const error = { name: 'Error', message: 'no metrics' };
    const delivery = {
      ...{ path: 'ok', group: 'g', consumer: 'c', id: '1-0', attempt: 1 },
      publishedAt: 1,
    };
    emitterOf(mq).emit('lost', { ...delivery, error });
    emitterOf(mq).emit('suspected', { path: 'ok', group: 'g', count: 2 });
    expect(lines.slice(1)).toEqual([
      'warn Messages may be evicted. (EVICTION_POLICY)',
      'error Fault in sweep: WRONGTYPE',
      'debug /ok/ 1-0 failed and is gone, because it was acked before: Error: no metrics',
      'warn /ok/ has 2 messages that may have crashed a process; group "g" runs them alone',
    ]);
  });

  test('names all queues at the start, however many they are', async () => {
    class Many extends Handlers {}
    const paths = Array.from({ length: 30 }, (_, number) => `/queue/${number}/`);
    for (const [number, path] of paths.entries()) {
      const value = () => undefined;
      Object.defineProperty(Many.prototype, `on${number}`, { value, configurable: true });
      OnWebhook(path)(Many.prototype, `on${number}`, { value });
    }
    const logger = new Lines();
    await nest.init(nest.build({ providers: [Many] }, { logger: true }).setLogger(logger));
    expect(logger.lines.at(-1)).toContain(`with 33 queues: ${paths.join(', ')}, /ok/`);
  });

  test('lets nothing that others wrote end a line or steer a terminal', async () => {
    const { mq, lines } = await start();
    const forged = '\n[Nest] 1  - LOG forged\u001b[2K\u009b31m\u202e\u2028';
    const error = { name: `E${forged}`, message: `m${forged}` };
    const delivery = { path: `p${forged}`, group: `g${forged}`, consumer: 'c', id: `i${forged}` };
    const failed = { ...delivery, attempt: 1, delayMs: 1, runMs: 1, publishedAt: 1, error };
    const thrown = new Error(`t${forged}`);
    emitterOf(mq).tell('retried', () => failed);
    emitterOf(mq).tell('lost', () => failed);
    emitterOf(mq).tell('deadLettered', () => ({ ...failed, reason: 'failed' }));
    emitterOf(mq).tell('suspected', () => ({ ...delivery, count: 2 }));
    emitterOf(mq).tell('warning', () => ({ code: `c${forged}`, message: forged }));
    emitterOf(mq).tell('fault', () => ({ where: `w${forged}`, error: thrown }));
    emitterOf(mq).tell('connectionLost', () => ({ role: 'command', error: thrown }));
    emitterOf(mq).tell('stopped', () => ({
      group: `g${forged}`,
      consumer: `c${forged}`,
      released: 0,
    }));
    expect(lines).toHaveLength(9);
    // eslint-disable-next-line no-control-regex -- control characters are exactly what must not be there
    for (const line of lines) expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
    for (const line of lines.slice(1)) expect(line).toContain('\\n[Nest] 1');
  });

  test('says when there is nothing to handle', async () => {
    const logger = new Lines();
    await nest.init(nest.build({}, { logger: true }).setLogger(logger));
    expect(logger.lines).toEqual([
      'log Ready to publish; no method has @OnWebhook or @OnWebhookBatch',
    ]);
  });

  test('is silent with logger: false', async () => {
    const { publisher, nextDeath, close, lines } = await start({ logger: false });
    const died = nextDeath();
    await publisher.send('/rejected', {});
    await died;
    await close();
    expect(lines).toEqual([]);
  });
});

test('a failure that no exception filter wants is not logged by Nest either', async () => {
  const all: string[] = [];
  const keep = (message: unknown) => void all.push(String(message));
  const logger = { log: () => {}, warn: keep, error: keep, debug: () => {} };
  const builder = nest.build({ providers: [Handlers] }).setLogger(logger);
  const { publisher, nextDeath } = await nest.init(builder);
  const died = nextDeath();
  await publisher.send('/failing', {});
  await died;
  expect(all).toEqual([]);
});
