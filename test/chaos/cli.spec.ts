import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { readOptions } from './cli.js';

describe('the command line', () => {
  let said = '';
  beforeEach(() => {
    said = '';
    const hear = (text: unknown): boolean => {
      said += String(text);
      return true;
    };
    jest.spyOn(process.stderr, 'write').mockImplementation(hear);
    jest.spyOn(process.stdout, 'write').mockImplementation(hear);
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  const read = (line: string): ReturnType<typeof readOptions> =>
    readOptions(line === '' ? [] : line.split(' '), ['maxlen']);

  it('has defaults, and accepts options', () => {
    expect(read('')).toMatchObject({ messages: 20_000, topology: 'standalone', failovers: 0 });
    expect(read('--messages 5 --seed 7 --unsafe maxlen')).toMatchObject({
      ...{ messages: 5, seed: 7, unsafe: 'maxlen' },
    });
    expect(read('--backlog 300 --concurrency 400 --output-limit 32')).toMatchObject({
      ...{ backlog: 300, concurrency: 400, outputLimit: 32 },
    });
    expect(read('--only proxy-cut,script-flush')).toMatchObject({
      only: ['proxy-cut', 'script-flush'],
    });
    expect(read('--topology sentinel --durability 2')).toMatchObject({
      ...{ topology: 'sentinel', durability: '2', failovers: 5 },
    });
  });

  it.each([
    ['--messages many', 'whole number'],
    ['--messages 0', 'above 0'],
    ['--seed -1', 'whole number'],
    ['--topology cluster', 'standalone, sentinel'],
    ['--durability 2', '--topology sentinel'],
    ['--failovers 2', '--topology sentinel'],
    ['--backlog many', 'whole number'],
    ['--topology sentinel --output-limit 32', 'standalone'],
    ['--unsafe everything', 'maxlen'],
    ['--only earthquake', 'earthquake'],
    ['--topology sentinel --only proxy-cut', 'proxy-cut'],
    ['--minutes 1 --unsafe maxlen', '--unsafe'],
    ['--colour', '--colour'],
  ])('refuses %s with exit code 2 and says why', (line, why) => {
    expect(read(line)).toBe(2);
    expect(said).toContain(why);
  });

  it('prints its help', () => {
    expect(read('--help')).toBe(0);
    expect(said).toContain('--self-check');
  });
});
