import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { ConfigError } from '../errors.js';
import { normalizePath, validGroup, validMessageId, validPrefix } from '../message/index.js';
import { Keys, type RouteKeys } from './keys.js';

/**
 * Returns the part of a key that Redis Cluster hashes, by its specification: the text between the first `{` and the next
 * `}`, or the whole key if that text is missing or empty.
 */
function hashTag(key: string): string {
  const open = key.indexOf('{');
  const close = open < 0 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

const OF_ROUTE: Readonly<Record<string, (route: RouteKeys, name: string) => string>> = {
  log: (route) => route.log,
  schedule: (route) => route.schedule,
  scheduled: (route) => route.scheduled,
  expiry: (route) => route.expiry,
  sweeper: (route) => route.sweeper,
  keepers: (route) => route.keepers,
  recurring: (route) => route.recurring,
  ticks: (route) => route.ticks,
  inbox: (route, group) => route.inbox(group),
  dead: (route, group) => route.dead(group),
  stale: (route, group) => route.stale(group),
  rate: (route, group) => route.rate(group),
  publisher: (route, id) => route.publisher(id),
  sent: (route, id) => route.sent(id),
  here: (route, group) => route.here(group),
  held: (route, group) => route.held(group, 'host-1-0'),
  cancelled: (route, id) => route.cancelled(id),
  done: (route, key) => route.once('orders', key),
};

function isAccepted(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/** Texts put together from what keys are made of, so that no chance to collide is missed. */
function texts(valid: (text: string) => string, ...parts: readonly string[]): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 5 })
    .map((some) => some.join(''))
    .filter((text) => isAccepted(() => valid(text)));
}

const prefixes = texts(validPrefix, 'a', 'b', ':', '{a}', '{b}', 'inbox', 'quarantine', 'routes');
const paths = texts(normalizePath, 'a', 'b', '/', '_', ':', '{', '}', '%', '7B', '%7D', '😀').map(
  normalizePath,
);
const groups = texts(validGroup, 'a', 'b', 'log', 'inbox', 'routes', 'quarantine');
const messageIds = texts(validMessageId, 'a', ':', '{a}', ':log', 'inbox', ':routes', '😀');

interface Named {
  /** Says what the key is for; different for different things. */
  readonly of: string;
  readonly key: string;
}

function named(prefix: string, path: string, kind: string, name: string): Named {
  const all = new Keys(prefix);
  if (kind === 'registry') return { of: JSON.stringify([prefix, kind]), key: all.registry };
  if (kind === 'schedules') return { of: JSON.stringify([prefix, kind]), key: all.schedules };
  if (kind === 'quarantine') {
    return { of: JSON.stringify([prefix, kind, name]), key: all.quarantine(name) };
  }
  const keyOf = OF_ROUTE[kind]!;
  const suffix = keyOf.length === 1 ? '' : name;
  return {
    of: JSON.stringify([prefix, path, kind, suffix]),
    key: keyOf(all.route(path), suffix),
  };
}

/** Returns true for a key whose name a caller may choose freely. */
function isOfAnyText(kind: string): boolean {
  return kind === 'sent' || kind === 'done';
}

const KINDS = [...Object.keys(OF_ROUTE), 'registry', 'schedules', 'quarantine'];

const anyKeys: fc.Arbitrary<Named> = fc
  .constantFrom(...KINDS)
  .chain((kind) =>
    fc
      .tuple(prefixes, paths, isOfAnyText(kind) ? messageIds : groups)
      .map(([prefix, path, name]) => named(prefix, path, kind, name)),
  );

/** Keys whose parts look like parts of other keys, in all combinations. */
function* confusableKeys(): Iterable<Named> {
  const parts = [
    '',
    'a',
    ':',
    '{a}',
    ':{a}',
    ':inbox',
    ':sent',
    ':quarantine',
    ':routes',
    ':schedules',
  ];
  const names = ['a', 'routes', 'schedules', 'quarantine', 'a:routes', '{a}:log'];
  for (const first of parts) {
    for (const second of parts) {
      for (const third of parts) {
        const prefix = first + second + third;
        if (!isAccepted(() => validPrefix(prefix))) continue;
        for (const path of ['a', 'b', '{a}']) {
          for (const kind of KINDS) {
            for (const name of names) {
              if (!isOfAnyText(kind) && !isAccepted(() => validGroup(name))) continue;
              yield named(prefix, path, kind, name);
            }
          }
        }
      }
    }
  }
}

function expectNoneShared(some: Iterable<Named>): void {
  const owners = new Map<string, string>();
  for (const { of, key } of some) {
    const owner = owners.get(key) ?? of;
    if (owner !== of) throw new Error(`${key} is of ${owner} and of ${of}`);
    owners.set(key, of);
  }
}

function allOf(route: RouteKeys, name: string): string[] {
  return Object.values(OF_ROUTE).map((keyOf) => keyOf(route, name));
}

describe('keys', () => {
  it('are never shared by two prefixes, paths, kinds, groups or ids', () => {
    fc.assert(fc.property(fc.array(anyKeys, { maxLength: 40 }), expectNoneShared));
  });

  it('are never shared, however much the names look like parts of a key', () => {
    expectNoneShared(confusableKeys());
  });

  test.each([
    ['a/b', 'a_b'],
    ['a{b', 'a%7Bb'],
    ['a}b', 'a%7Db'],
    ['a%', 'a%25'],
    ['a:log', 'a'],
  ])('of the paths %j and %j are different', (one, other) => {
    const all = new Keys('leanmq');
    const ofOne = new Set(allOf(all.route(one), 'g'));
    expect(allOf(all.route(other), 'g').filter((key) => ofOne.has(key))).toEqual([]);
  });

  it('are written as they are documented', () => {
    const all = new Keys('leanmq');
    const route = all.route('order/status');
    expect(allOf(route, 'orders')).toEqual([
      'leanmq:{order/status}:log',
      'leanmq:{order/status}:schedule',
      'leanmq:{order/status}:scheduled',
      'leanmq:{order/status}:expiry',
      'leanmq:{order/status}:sweeper',
      'leanmq:{order/status}:keepers',
      'leanmq:{order/status}:recurring',
      'leanmq:{order/status}:ticks',
      'leanmq:{order/status}:inbox:orders',
      'leanmq:{order/status}:dead:orders',
      'leanmq:{order/status}:stale:orders',
      'leanmq:{order/status}:rate:orders',
      'leanmq:{order/status}:publisher:orders',
      'leanmq:{order/status}:sent:orders',
      'leanmq:{order/status}:here:orders',
      'leanmq:{order/status}:held:orders:host-1-0',
      'leanmq:{order/status}:cancelled:orders',
      'leanmq:{order/status}:done:orders:orders',
    ]);
    expect(all.registry).toBe('leanmq:routes');
    expect(all.schedules).toBe('leanmq:schedules');
    expect(all.quarantine('orders')).toBe('leanmq:quarantine:orders');
  });

  it('are cached per path', () => {
    const all = new Keys('leanmq');
    expect(all.route('a')).toBe(all.route('a'));
  });
});

describe('a path with special characters', () => {
  test.each([
    ['braces', '/{id}/', 'leanmq:{%7Bid%7D}:log'],
    ['a lone closing brace', '/}/', 'leanmq:{%7D}:log'],
    ['percent', '/100%/', 'leanmq:{100%25}:log'],
    ['an emoji', '/😀/', 'leanmq:{😀}:log'],
  ])('%s is encoded', (_, path, key) => {
    expect(new Keys('leanmq').route(normalizePath(path)).log).toBe(key);
  });

  it('a newline never gets as far as a key', () => {
    expect(() => new Keys('leanmq').route(normalizePath('/a\nb/'))).toThrow(ConfigError);
  });
});

describe('the slot of a key in Redis Cluster', () => {
  it('is computed by the rule of its specification', () => {
    // The examples of https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
    expect(hashTag('{user1000}.following')).toBe('user1000');
    expect(hashTag('foo{}{bar}')).toBe('foo{}{bar}');
    expect(hashTag('foo{{bar}}zap')).toBe('{bar');
    expect(hashTag('foo{bar}{zap}')).toBe('bar');
  });

  it('is the same for all of a route', () => {
    const names = fc.oneof(groups, messageIds);
    fc.assert(
      fc.property(prefixes, paths, names, (prefix, path, name) => {
        const tags = new Set(allOf(new Keys(prefix).route(path), name).map(hashTag));
        expect([...tags]).toHaveLength(1);
      }),
    );
  });

  it('is different for different paths, so that routes spread', () => {
    fc.assert(
      fc.property(paths, paths, (one, other) => {
        const [tagOfOne, tagOfOther] = [one, other].map((path) =>
          hashTag(new Keys('leanmq').route(path).log),
        );
        expect(tagOfOne === tagOfOther).toBe(one === other);
      }),
    );
  });

  it('is the same for everything under a prefix with a hash tag', () => {
    const tagged = prefixes.filter((prefix) => prefix.includes('{'));
    fc.assert(
      fc.property(tagged, paths, groups, (prefix, path, group) => {
        const all = new Keys(prefix);
        const tags = [
          all.registry,
          all.schedules,
          all.quarantine(group),
          ...allOf(all.route(path), group),
        ];
        expect(new Set(tags.map(hashTag))).toEqual(new Set([hashTag(prefix)]));
      }),
    );
  });
});
