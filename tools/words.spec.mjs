import { describe, expect, test } from '@jest/globals';
import { complaints } from './words.mjs';

describe('the check of words', () => {
  test.each([
    ['a comment', 'a.ts', '// It is told of anew.', ['a.ts:1: "anew"', 'a.ts:1: "told of"']],
    ['a text', 'a.ts', "throw new Error('30 s unless told');", ['a.ts:1: "unless told"']],
    ['a page', 'a.md', 'Fine.\n\nTried anew.', ['a.md:3: "anew"']],
    ['a script', 'a.lua', '-- a hash of ours', ['a.lua:1: "of ours"']],
    [
      'a doc that opens with a question word',
      'a.ts',
      '/** What it wants. */',
      ['a.ts:1: "/** What"'],
    ],
  ])('refuses a phrase in %s and names its line', (_, name, text, expected) => {
    const found = complaints(name, text);
    expect(found).toHaveLength(expected.length);
    expected.forEach((start, index) => expect(found[index]).toContain(start));
  });

  test.each([
    ['names in code', 'a.ts', 'const anew = tell.of;'],
    [
      'phrases that only look alike',
      'a.md',
      'None of the offers was renewed; it is none of these, if there are none.',
    ],
    ['a doc that opens with a verb', 'a.ts', '/** Decides what it wants. */'],
  ])('accepts %s', (_, name, text) => {
    expect(complaints(name, text)).toEqual([]);
  });
});
