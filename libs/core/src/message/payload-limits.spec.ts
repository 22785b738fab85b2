import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { MessageTooLargeError, UndecodableError } from '../errors.js';
import { MESSAGE_LIMITS, type MessageLimits } from './limits.js';
import { assertBytes, decodePayload, encodePayload } from './payload.js';

const DEEP = 10_000;

function encode(data: unknown, limits: Partial<MessageLimits> = {}): string {
  return encodePayload(data, { ...MESSAGE_LIMITS, ...limits });
}

/** Encodes and decodes a payload, as a handler receives it. */
function roundTrip(data: unknown): unknown {
  return decodePayload(encode(data));
}

function nested(levels: number, innermost: unknown = 1): unknown {
  let value = innermost;
  for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('the depth of a payload', () => {
  it('is accepted up to the limit and refused one level deeper', () => {
    expect(roundTrip(nested(64))).toEqual(nested(64));
    expect(() => encode(nested(65))).toThrow(MessageTooLargeError);
    expect(encode([], { depth: 1 })).toBe('[]');
    expect(() => encode([[]], { depth: 1 })).toThrow('payload[0] is nested deeper than 1 levels');
  });

  it('does not count an object that becomes a string', () => {
    expect(() => encode(nested(64, new Date(0)))).not.toThrow();
    expect(() => encode(nested(64, Object('a')))).not.toThrow();
  });

  it('counts the result of toJSON', () => {
    expect(() => encode({ toJSON: () => nested(64) })).not.toThrow();
    expect(() => encode({ toJSON: () => nested(65) })).toThrow(MessageTooLargeError);
  });

  test.each([
    ['by default', {}],
    ['when the limit would allow it', { depth: 1_000_000 }],
  ])('is refused at 200,000 levels with a typed error %s', (_, limits) => {
    const data = nested(200_000);
    expect(() => encode(data, limits)).toThrow(MessageTooLargeError);
  });

  it('is refused at 10,000 levels', () => {
    expect(() => encode(nested(DEEP))).toThrow(MessageTooLargeError);
  });

  it('is not limited when a stored payload is read: 10,000 levels are accepted', () => {
    let value = decodePayload('['.repeat(DEEP) + ']'.repeat(DEEP));
    let levels = 0;
    for (; Array.isArray(value); value = value[0] as unknown) levels += 1;
    expect(levels).toBe(DEEP);
    expect(decodePayload('{"a":'.repeat(DEEP) + '1' + '}'.repeat(DEEP))).toHaveProperty('a.a.a');
  });

  it('that is unbalanced is undecodable', () => {
    expect(() => decodePayload('['.repeat(DEEP))).toThrow(UndecodableError);
  });
});

describe('a payload that refers to itself', () => {
  function selfIn(make: (self: object) => object): object {
    const self = {};
    return Object.assign(self, make(self));
  }

  test.each([
    ['an object', selfIn((self) => ({ a: { b: self } }))],
    ['an array', selfIn((self) => ({ a: [self] }))],
    ['toJSON', selfIn((self) => ({ toJSON: () => ({ self }) }))],
  ])('is refused: %s', (_, data) => {
    expect(() => encode(data)).toThrow(MessageTooLargeError);
    expect(() => encode(data)).toThrow('refers to itself');
  });

  it('is accepted when it only shares a part', () => {
    const part = { a: 1 };
    expect(roundTrip([part, { part }])).toEqual([{ a: 1 }, { part: { a: 1 } }]);
  });

  it('is refused quickly when shared parts double at every level', () => {
    let data: unknown = 'x';
    for (let level = 0; level < 60; level += 1) data = [data, data];
    expect(() => encode(data)).toThrow(MessageTooLargeError);
    expect(() => encode(data)).toThrow('more than 262144 bytes');
  });
});

describe('the size of a payload', () => {
  // Two quotes are part of the JSON.
  test.each([
    ['one byte', 'a', 98],
    ['two bytes', 'é', 49],
    ['three bytes', '€', 32],
    ['four bytes', '😀', 24],
    ['six bytes, as it is escaped', '\ud800', 16],
  ])('is counted in bytes of UTF-8: characters of %s', (_, character, count) => {
    const data = character.repeat(count);
    const bytes = Buffer.byteLength(JSON.stringify(data));
    expect(encode(data, { payloadBytes: bytes })).toBe(JSON.stringify(data));
    expect(() => encode(data, { payloadBytes: bytes - 1 })).toThrow(MessageTooLargeError);
    expect(() => encode(data, { payloadBytes: bytes - 1 })).toThrow(
      `The payload is ${bytes} bytes; the limit is ${bytes - 1}.`,
    );
  });

  it('is accepted at exactly the limit for any content', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (data) => {
        const bytes = Buffer.byteLength(JSON.stringify(data));
        expect(encode(data, { payloadBytes: bytes })).toBe(JSON.stringify(data));
        if (bytes > 1) {
          expect(() => encode(data, { payloadBytes: bytes - 1 })).toThrow(MessageTooLargeError);
        }
      }),
    );
  });

  it('does not count omitted members', () => {
    const data = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [index, undefined]));
    expect(encode(data, { payloadBytes: 2 })).toBe('{}');
  });

  it('of any text is checked by the same rule', () => {
    expect(() => assertBytes('headers', 'éé', 4)).not.toThrow();
    expect(() => assertBytes('headers', 'ééa', 4)).toThrow('The headers is 5 bytes');
  });
});
