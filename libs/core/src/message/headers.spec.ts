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

  it('may be named like what objects have by themselves', () => {
    const json = '{"__proto__":"a","constructor":"b","toString":"c"}';
    const headers = decodeHeaders(json);
    expect(Object.entries(headers)).toEqual(Object.entries(JSON.parse(json) as object));
    expect(encode(headers)).toBe(json);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it('may be an instance of a class; what it inherits is not sent', () => {
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
    ['a text', 'a: b', 'The headers are "a: b"'],
    ['a function', () => 1, 'The headers are a function'],
    ['a list', ['a', 'b'], 'The headers are an array'],
    ['a Map', new Map([['a', 'b']]), 'The headers are an object (Map)'],
    ['the Headers of fetch', new Headers({ a: 'b' }), 'The headers are an object (Headers)'],
    ['a number as a value', { a: '1', b: 1 }, 'Header "b" is 1; a header\'s value is a string.'],
    ['undefined as a value', { a: undefined }, 'Header "a" is undefined'],
    ['an object as a value', { a: {} }, 'Header "a" is an object (Object)'],
    ['a list as a value', { a: ['b'] }, 'Header "a" is an array'],
    ['a boxed text as a value', { a: Object('b') as unknown }, 'Header "a" is an object (String)'],
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
  ])('are refused when they are or have: %s', (_, headers, message) => {
    expect(() => encode(headers)).toThrow(InvalidMessageError);
    expect(() => encode(headers)).toThrow(message);
  });

  test.each([
    ['one byte', 'a'],
    ['two bytes', 'é'],
    ['four bytes', '😀'],
  ])('are accepted up to the limit, counted in bytes: %s', (_, character) => {
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
    ['no JSON', 'a: b'],
    ['a text', '"a"'],
    ['null', 'null'],
    ['a number', '1'],
    ['a list', '[]'],
    ['a list of texts', '["a"]'],
    ['a number as a value', '{"a":"b","c":1}'],
    ['null as a value', '{"a":null}'],
    ['an object as a value', '{"a":{}}'],
  ])('that are or have %s are undecodable', (_, json) => {
    expect(() => decodeHeaders(json)).toThrow(UndecodableError);
  });

  it('either read or are undecodable, nothing else', () => {
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
