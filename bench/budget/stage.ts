import { LeanMQ, type LeanMQOptions } from '@leanmq/core';
import { Redis } from 'ioredis';

import { messagesOf, type Shape } from './shapes.js';

const PREFIX = 'leanmq';
/** Size of a chunk that is written at once. */
const CHUNK_BYTES = 8 * 2 ** 20;

/** A server with the messages, groups and routes of a shape, written from outside, and what an act needs to work on it. */
export class Stage {
  readonly raw: Redis;
  /** Messages of each route. */
  readonly messages: number;
  readonly paths: readonly string[];
  readonly groups: readonly string[];
  /** JSON of a payload. */
  readonly body: string;
  private opened: LeanMQ[] = [];

  constructor(
    readonly url: string,
    readonly shape: Shape,
    memory: number,
  ) {
    this.raw = new Redis(url);
    this.messages = messagesOf(shape, memory);
    this.paths = Array.from({ length: shape.routes }, (_, index) => `r/${index}`);
    this.groups = Array.from({ length: shape.groups }, (_, index) => `g${index}`);
    this.body = JSON.stringify('x'.repeat(shape.bytes));
  }

  get path(): string {
    return this.paths[0] as string;
  }

  /** As many as make about so many bytes, at least one. */
  some(most: number, bytes = 2 ** 22): number {
    return Math.max(1, Math.min(most, Math.floor(bytes / this.shape.bytes)));
  }

  key(what: string, path = this.path): string {
    return `${PREFIX}:{${path}}:${what}`;
  }

  /** One that does nothing by itself until it is told. */
  mq(options: Partial<LeanMQOptions> = {}): LeanMQ {
    const mq = new LeanMQ({ redis: this.url, group: 'g0', sweepMs: 3_600_000, ...options });
    this.opened.push(mq);
    return mq;
  }

  /** Everything as the shape has it: registered, and with its messages unread by default. */
  async fill(how: { readonly finished?: boolean; readonly messages?: number } = {}): Promise<void> {
    await this.raw.flushall();
    const fields: Record<string, string> = { version: '1' };
    const now = String(Date.now());
    for (const path of this.paths) {
      fields[`route:${path}`] = now;
      for (const group of this.groups) fields[`group:${group}:${path}`] = now;
    }
    await this.raw.hset(`${PREFIX}:routes`, fields);
    for (const path of this.paths) {
      const log = this.key('log', path);
      await this.append(log, how.messages ?? this.messages);
      await this.forGroups(`redis.call('XGROUP', 'CREATE', KEYS[1], g, ARGV[1], 'MKSTREAM')`, log, [
        how.finished === true ? '$' : '0',
      ]);
    }
  }

  /** Appends entries with the payload, after the fields. */
  async append(stream: string, count: number, ...fields: string[]): Promise<void> {
    const chunk = Math.max(1, Math.floor(CHUNK_BYTES / this.shape.bytes));
    for (let left = count; left > 0; left -= chunk) {
      await this.raw.eval(
        `for _ = 1, ARGV[1] do redis.call('XADD', KEYS[1], '*', unpack(ARGV, 2)) end`,
        1,
        stream,
        ...[Math.min(left, chunk), ...fields, 'd', this.body],
      );
    }
  }

  /** Runs Lua for each group, by the name g. */
  async forGroups(lua: string, key: string, args: readonly (string | number)[]): Promise<void> {
    for (let from = 0; from < this.groups.length; from += 100) {
      const some = this.groups.slice(from, from + 100);
      const text = `for i = 1, tonumber(ARGV[#ARGV]) do local g = ARGV[#ARGV - i] ${lua} end`;
      await this.raw.eval(text, 1, key, ...args, ...some, some.length);
    }
  }

  /** Has a consumer that is gone hold so many of each group's messages, since long ago, given so many times. */
  async hold(count: number, deliveries = 1): Promise<void> {
    await this.forGroups(
      `local n, ids = tonumber(ARGV[1]), {}
      while n > 0 do
        local page = redis.call('XREADGROUP', 'GROUP', g, 'gone', 'COUNT', math.min(n, 16), 'STREAMS', KEYS[1], '>')
        if not page or #page[1][2] == 0 then break end
        n = n - #page[1][2]
        for _, e in ipairs(page[1][2]) do redis.call('XCLAIM', KEYS[1], g, 'gone', 0, e[1], 'IDLE', 3600000, 'RETRYCOUNT', ARGV[2], 'JUSTID') end
      end`,
      this.key('log'),
      [count, deliveries],
    );
  }

  /** Has the registry know routes that nobody uses any more, and tombstones with the groups that were removed. */
  async age(routes: number, tombstones: number): Promise<void> {
    const longAgo = String(Date.now() - 30 * 24 * 3_600_000);
    const fields: Record<string, string> = {};
    for (let n = 0; n < routes; n += 1) fields[`route:old/${n}`] = longAgo;
    for (let n = 0; n < tombstones; n += 1) {
      fields[`deleted:gone/${n}`] = longAgo;
      for (const group of this.groups) fields[`removed:${group}:gone/${n}`] = longAgo;
    }
    await this.raw.hset(`${PREFIX}:routes`, fields);
    await this.raw.hincrby(`${PREFIX}:routes`, 'version', 1);
  }

  async bury(count: number, group = 'g0'): Promise<void> {
    const history = '{"origin":"1-0","attempts":1,"crashes":0,"reason":"failed"}';
    await this.append(this.key(`dead:${group}`), count, 'm', history);
  }

  /** Has so many sends due, or later. */
  async schedule(count: number, due: number, path = this.path): Promise<void> {
    const chunk = Math.max(1, Math.floor(CHUNK_BYTES / this.shape.bytes));
    for (let left = count; left > 0; left -= chunk) {
      await this.raw.eval(
        `local packed = cmsgpack.pack({'log', 'd', ARGV[3]})
        for i = 1, ARGV[1] do
          local member = 'send:' .. ARGV[2] .. '-' .. i
          redis.call('HSET', KEYS[2], member, packed)
          redis.call('ZADD', KEYS[1], ARGV[4], member)
        end`,
        2,
        ...[this.key('schedule', path), this.key('scheduled', path)],
        ...[Math.min(left, chunk), `${path}-${left}`, this.body, due],
      );
    }
  }

  /** Has all that is on the log expire now. */
  async expireAll(): Promise<void> {
    await this.raw.eval(
      `local from = '-'
      while true do
        local page = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 16)
        if #page == 0 then break end
        for _, entry in ipairs(page) do redis.call('ZADD', KEYS[2], 1, 'log|' .. entry[1]) end
        from = '(' .. page[#page][1]
      end`,
      2,
      ...[this.key('log'), this.key('expiry')],
    );
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.opened.map((mq) => mq.close()));
    this.opened = [];
  }
}
