import { describe, expect, test } from '@jest/globals';
import { BACKOFF_DEFAULTS, ENGINE_DEFAULTS, HANDLE_DEFAULTS } from '@leanmq/core';

import { Declarations, codesIn } from './declarations.js';
import { Page, wordsIn } from './page.js';

const core = new Declarations('libs/core/src/index.ts');
const page = new Page('libs/core/README.md');
const nestPage = new Page('libs/nestjs/README.md');

const sorted = (names: Iterable<string>): string[] => [...names].sort();

/** Formats a default as the page shows it; undefined for a default that the page describes in words. */
function shownDefault(value: unknown): string | undefined {
  if (typeof value === 'number') return value.toLocaleString('en-US');
  const isWord = typeof value === 'string' || typeof value === 'boolean';
  return isWord ? `\`${value}\`` : undefined;
}

describe("the core's README", () => {
  test.each([
    ['Options of `new LeanMQ(…)`', 'LeanMQOptions'],
    ['Options of a handler', 'HandlerOptions'],
    ['Options of a send', 'PublishOptions'],
    ['Options of a recurring send', 'ScheduleSpec'],
    ['Options of `processOnce` and `receive`', 'ReceiveOptions'],
    ['Settings of a queue', 'QueueSettings'],
    ['Options of `queue.messages`', 'MessagesOptions'],
    ['A listed message', 'QueuedMessage'],
    ['What a handler gets', 'WebhookDelivery'],
  ])('has a row in "%s" for each member of %s, and no other', (heading, type) => {
    expect(sorted(page.column(heading))).toEqual(sorted(core.keysOf(type)));
  });

  test.each([
    ['Options of `new LeanMQ(…)`', 'LeanMQOptions'],
    ['Options of a handler', 'HandlerOptions'],
    ['Options of a send', 'PublishOptions'],
    ['Options of a recurring send', 'ScheduleSpec'],
    ['Settings of a queue', 'QueueSettings'],
  ])('names in "%s" all that the values in %s consist of', (heading, type) => {
    // Those of a handler have a section of their own.
    const { handlers: _, ...parts } = Object.fromEntries(core.partsOf(type));
    const words = page.words(heading);
    expect(
      Object.values(parts)
        .flat()
        .filter((part) => !words.has(part)),
    ).toEqual([]);
  });

  test.each([
    ['Options of `new LeanMQ(…)`', 0, ENGINE_DEFAULTS],
    ['Options of a handler', 0, HANDLE_DEFAULTS],
    ['Options of a handler', 1, BACKOFF_DEFAULTS],
  ])('gives in "%s", table %i, the defaults that there are', (heading, table, defaults) => {
    const given = new Map(page.rows(heading, table).map(([name = '', value]) => [name, value]));
    const real = Object.entries(defaults).filter(([name]) => given.has(`\`${name}\``));
    expect(real.length).toBeGreaterThan(3);
    for (const [name, value] of real) {
      const shown = shownDefault(value);
      if (shown !== undefined) expect([name, given.get(`\`${name}\``)]).toEqual([name, shown]);
    }
  });

  test('has a row for each reason of a dead letter, and no other', () => {
    const reasons = page.column('Why a message is a dead letter');
    expect(sorted(reasons)).toEqual(sorted(core.wordsOf('DeadReason')));
  });

  test('has a row for each event with what it carries, and no other', () => {
    const ofDelivery = core.keysOf('DeliveryEvent');
    const carried = [...core.carriedBy('LeanMQEvents')].map(([name, fields]) => {
      const isOfDelivery = ofDelivery.every((field) => fields.includes(field));
      const own = fields.filter((field) => !isOfDelivery || !ofDelivery.includes(field));
      return [name, isOfDelivery, sorted(own)] as const;
    });
    const told = page.rows('Events').map(([name = '', fields = '']) => {
      return [[...wordsIn(name)].join(' '), fields.includes('delivery'), sorted(wordsIn(fields))];
    });
    expect(told.sort()).toEqual(carried.sort());
    expect(ofDelivery.filter((field) => !page.words('Events').has(field))).toEqual([]);
  });

  test('has a row for each code of an error or a warning, and no other', () => {
    const codes = [...page.column('Errors and codes', 1), ...page.column('Warnings')];
    expect(sorted(new Set(codes))).toEqual(sorted(codesIn('libs/core/src')));
  });

  test('names each class of errors', () => {
    const words = page.words('Errors and codes');
    expect(core.errors.length).toBeGreaterThan(20);
    expect(core.errors.filter((name) => !words.has(name))).toEqual([]);
  });
});

describe("the Nest layer's README", () => {
  test('names each code that is not in the table of the core', () => {
    const known = new Set([...page.words('Errors and codes'), ...nestPage.words()]);
    expect(codesIn('libs/nestjs/src').filter((code) => !known.has(code))).toEqual([]);
  });

  test('names each option of the module that is not one of the core', () => {
    const keys = new Declarations('libs/nestjs/src/index.ts').keysOf('LeanMQModuleOptions');
    const known = new Set([...page.column('Options of `new LeanMQ(…)`'), ...nestPage.words()]);
    expect(keys.filter((key) => !known.has(key))).toEqual([]);
  });
});
