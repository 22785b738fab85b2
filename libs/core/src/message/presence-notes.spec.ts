import { describe, expect, test } from '@jest/globals';

import { busyStateOf, processStateOf } from './presence-notes.js';

describe('busyStateOf', () => {
  const nothing = {
    running: undefined,
    slots: undefined,
    busySince: undefined,
    permitSince: undefined,
  };

  test('a note yields its numbers and nothing else', () => {
    const note = '{"running":2,"slots":2,"busySince":1700000000000,"more":"of a newer version"}';
    expect(busyStateOf(note)).toEqual({
      ...nothing,
      ...{ running: 2, slots: 2, busySince: 1_700_000_000_000 },
    });
  });

  test.each([undefined, '', 'null', '[1]', '"x"', 'no JSON', '{"running":"2"}'])(
    'a note %j yields no numbers',
    (note) => {
      expect(busyStateOf(note)).toEqual(nothing);
    },
  );
});

describe('processStateOf', () => {
  test('a note that has not expired yields the state and the consumer', () => {
    const note = '2000 {"state":"stopped","consumer":"host-1"}';
    expect(processStateOf(note, 1_999)).toEqual({ state: 'stopped', consumer: 'host-1' });
  });

  test.each([
    ['2000 {"state":"stopped","consumer":"host-1"}', 2_000],
    ['2000', 1],
    ['soon {"state":"stopped","consumer":"host-1"}', 1],
    ['2000 {"state":"asleep","consumer":"host-1"}', 1],
    ['2000 {"state":"stopped"}', 1],
    ['2000 null', 1],
    ['2000 {', 1],
    ['', 1],
  ])('a note %j yields nothing at %d', (note, now) => {
    expect(processStateOf(note, now)).toBeUndefined();
  });
});
