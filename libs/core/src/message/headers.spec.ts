import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';

import { InvalidMessageError, MessageTooLargeError, UndecodableError } from '../errors.js';
import { NO_HEADERS, decodeHeaders, encodeHeaders, type MessageHeaders } from './headers.js';
import { MESSAGE_LIMITS } from './limits.js';

function encode(headers: unknown, headerBytes = MESSAGE_LIMITS.headerBytes): string {
  return encodeHeaders(headers as MessageHeaders | undefined, { ...MESSAGE_LIMITS, headerBytes });
}

function refuse(): never {
  throw new Error('not for you');
}

describe('headers', () => {
  it('arrive as they were sent', () => {
    const texts = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.dictionary(texts, texts, { minKeys: 1 }), (headers) => {
        expect(decodeHeaders(encode(headers))).toEqual({ ...headers });
      }),
    );
  });

  test.each([
    ['are not given', undefined],
    ['are empty', {}],
    ['are empty without a prototype', Object.create(null)],
  ])('cost nothing when they %s', (_, headers) => {
    expect(encode(headers)).toBe('');
    expect(decodeHeaders(undefined)).toBe(NO_HEADERS);
  });

  it('may have the names of built-in members', () => {
    const json = '{"__proto__":"a","constructor":"b","toString":"c"}';
    const headers = decodeHeaders(json);
    expect(Object.entries(headers)).toEqual(Object.entries(JSON.parse(json) as object));
    expect(encode(headers)).toBe(json);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it('may be an instance of a class, whose inherited members are not sent', () => {
    class Trace {
      traceparent = '00-1-1-01';
      toJSON(): string {
        return 'something else';
      }
    }
    expect(encode(new Trace())).toBe('{"traceparent":"00-1-1-01"}');
  });

  test.each([
    ['null', null, 'The headers are null'],
    ['a string', 'a: b', 'The headers are "a: b"'],
    ['a function', () => 1, 'The headers are a function'],
    ['an array', ['a', 'b'], 'The headers are an array'],
    ['a Map', new Map([['a', 'b']]), 'The headers are an object (Map)'],
    ['the Headers of fetch', new Headers({ a: 'b' }), 'The headers are an object (Headers)'],
    [
      'a number as a value',
      { a: '1', b: 1 },
      'Header "b" is 1; a header\'s value must be a string.',
    ],
    ['undefined as a value', { a: undefined }, 'Header "a" is undefined'],
    ['an object as a value', { a: {} }, 'Header "a" is an object (Object)'],
    ['an array as a value', { a: ['b'] }, 'Header "a" is an array'],
    [
      'a boxed string as a value',
      { a: Object('b') as unknown },
      'Header "a" is an object (String)',
    ],
    ['toJSON', { toJSON: () => ({ a: 1 }) }, 'Header "toJSON" is a function'],
    [
      'a getter that throws',
      {
        get a() {
          return refuse();
        },
      },
      'The headers cannot be read',
    ],
    ['a Proxy that throws', new Proxy({}, { ownKeys: refuse }), 'The headers cannot be read'],
  ])('are refused when they are or have %s', (_, headers, message) => {
    expect(() => encode(headers)).toThrow(InvalidMessageError);
    expect(() => encode(headers)).toThrow(message);
  });

  test.each([
    ['one byte', 'a'],
    ['two bytes', 'é'],
    ['four bytes', '😀'],
  ])('are accepted up to the limit in bytes with characters of %s', (_, character) => {
    const headers = { a: character.repeat(10) };
    const bytes = Buffer.byteLength(JSON.stringify(headers));
    expect(encode(headers, bytes)).toBe(JSON.stringify(headers));
    expect(() => encode(headers, bytes - 1)).toThrow(MessageTooLargeError);
    expect(() => encode(headers, bytes - 1)).toThrow(`The headers is ${bytes} bytes`);
  });
});

describe('stored headers', () => {
  test.each([
    ['nothing', ''],
    ['text that is not JSON', 'a: b'],
    ['a string', '"a"'],
    ['null', 'null'],
    ['a number', '1'],
    ['an array', '[]'],
    ['an array of strings', '["a"]'],
    ['a number as a value', '{"a":"b","c":1}'],
    ['null as a value', '{"a":null}'],
    ['an object as a value', '{"a":{}}'],
  ])('that are or have %s are undecodable', (_, json) => {
    expect(() => decodeHeaders(json)).toThrow(UndecodableError);
  });

  it('are either read or undecodable for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (json) => {
        try {
          const headers = decodeHeaders(json);
          expect(Object.values(headers).every((value) => typeof value === 'string')).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(UndecodableError);
        }
      }),
    );
  });
});
