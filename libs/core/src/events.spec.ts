import { setImmediate as turn } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { Events } from './events.js';

let events: Events;
let heard: unknown[];
const tell = (): void => events.tell('cancelled', () => ({ path: 'a', id: '1-0' }));

beforeEach(() => {
  events = new Events();
  heard = [];
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe('an event', () => {
  it('reaches all listeners in the order in which they were added', () => {
    events.on('cancelled', ({ id }) => heard.push(`first ${id}`));
    events.once('cancelled', ({ id }) => heard.push(`once ${id}`));
    tell();
    tell();
    expect(heard).toEqual(['first 1-0', 'once 1-0', 'first 1-0']);
  });

  it('creates no payload when it has no listener', () => {
    events.tell('cancelled', () => {
      throw new Error('made');
    });
  });
});

const MISTAKES: [how: string, listener: () => unknown][] = [
  [
    'throws',
    () => {
      throw new Error('mistake');
    },
  ],
  ['rejects', () => Promise.reject(new Error('mistake'))],
];

describe.each(MISTAKES)('a listener that %s', (_, listener) => {
  it('keeps the event from no other listener and is reported as a fault', async () => {
    events.on('fault', ({ where, error }) => heard.push([where, error.message]));
    events.on('cancelled', listener);
    events.on('cancelled', () => heard.push('next'));
    tell();
    await turn();
    expect(heard).toHaveLength(2);
    expect(heard).toContainEqual('next');
    expect(heard).toContainEqual(['listener of cancelled', 'mistake']);
  });

  it('is reported as a process warning when faults have no listener or that listener fails too', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    events.on('cancelled', listener);
    tell();
    await turn();
    events.on('fault', listener);
    tell();
    await turn();
    expect(warn.mock.calls.map(([message]) => String(message).split('\n')[0])).toEqual([
      `A listener of LeanMQ's event "cancelled" failed: Error: mistake`,
      `A listener of LeanMQ's event "fault" failed: Error: mistake`,
    ]);
  });
});

it('Events accepts any number of listeners without a leak warning from Node', () => {
  expect(events.getMaxListeners()).toBe(0);
});
