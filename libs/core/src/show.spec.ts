import { describe, expect, test } from '@jest/globals';

import { printable, printableStack, show } from './show.js';

describe('printable', () => {
  test.each([
    ['a new line', 'a\nb', 'a\\nb'],
    ['a carriage return', 'a\rb', 'a\\rb'],
    ['a tab', 'a\tb', 'a\\tb'],
    ['an escape sequence', '\u001b[2K\u001b[31mred', '\\u001b[2K\\u001b[31mred'],
    ['a null and a bell', '\u0000\u0007', '\\u0000\\u0007'],
    ['a delete', '\u007f', '\\u007f'],
    ['an eight-bit escape sequence', '\u009b31m\u0085', '\\u009b31m\\u0085'],
    ['line and paragraph separators', '\u2028\u2029', '\\u2028\\u2029'],
    ['direction overrides', '\u202eevil\u202c', '\\u202eevil\\u202c'],
    ['direction isolates and marks', '\u2066\u2069\u200f\u061c', '\\u2066\\u2069\\u200f\\u061c'],
    ['invisible characters', '\u200b\ufeff\u{e0041}', '\\u200b\\ufeff\\u{e0041}'],
    ['half of a surrogate pair', '\ud83dx', '\\ud83dx'],
  ])('writes %s as an escape', (_, text, written) => {
    expect(printable(text)).toBe(written);
  });

  test('leaves ordinary text in any language unchanged', () => {
    const text = 'Größe 5 “ok” – 日本語 👩‍💻 می‌خواهم \\ "quoted"';
    expect(printable(text)).toBe(text);
  });
});

test('printableStack keeps the line breaks of a stack and escapes those of its message', () => {
  const error = new TypeError('bad\n[Nest] 1  - LOG forged\u001b[2K');
  const [head, ...calls] = printableStack(error).split('\n');
  expect(head).toBe('TypeError: bad\\n[Nest] 1  - LOG forged\\u001b[2K');
  expect(calls.length).toBeGreaterThan(0);
  for (const call of calls) expect(call).toMatch(/^\s+at /);
});

test('show escapes characters that control a terminal, even in the name of a class', () => {
  expect(show('a\u009b\u2028\u202e\n')).toBe('"a\\u009b\\u2028\\u202e\\n"');
  class Forged extends Date {}
  Object.defineProperty(Forged, 'name', { value: 'A\u001b[2K' });
  expect(show(new Forged())).toBe('an object (A\\u001b[2K)');
});
