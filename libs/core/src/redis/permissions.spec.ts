import { readFileSync, readdirSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { PERMISSIONS } from './permissions.js';

const folder = new URL('scripts/', import.meta.url);
const NEEDED = new Set(Object.values(PERMISSIONS).flatMap((calls) => [...calls.keys()]));
const CONTAINERS = ['xgroup', 'xinfo'];

function commandsIn(file: string): string[] {
  const text = readFileSync(new URL(file, folder), 'utf8');
  return [...text.matchAll(/redis\.p?call\('([A-Z]+)'(?:, '([A-Z]+)')?/g)].map(
    ([, command = '', subcommand = '']) =>
      CONTAINERS.includes(command.toLowerCase()) && subcommand !== ''
        ? `${command}|${subcommand}`.toLowerCase()
        : command.toLowerCase(),
  );
}

describe('the checked permissions', () => {
  const files = readdirSync(folder, { recursive: true }) as string[];
  const scripts = files.filter((file) => file.endsWith('.lua'));

  test.each(scripts)('cover what %s does', (file) => {
    const missing = commandsIn(file).filter(
      (command) => !NEEDED.has(command) && !CONTAINERS.includes(command),
    );
    expect(missing).toEqual([]);
  });

  test('cover every command of the scripts', () => {
    expect(new Set(scripts.flatMap(commandsIn)).size).toBeGreaterThan(35);
  });
});

describe('docs/operations.md', () => {
  test('lists all permissions, and only optional ones beyond them', () => {
    const page = readFileSync(new URL('../../../../docs/operations.md', import.meta.url), 'utf8');
    const rulesOf = (user: string): string[] =>
      (new RegExp(`^ACL SETUSER ${user} (.*)$`, 'm').exec(page)?.[1] ?? '')
        .split(' ')
        .filter((rule) => rule.startsWith('+') && rule !== '+client|kill')
        .map((rule) => rule.slice(1));
    const { send, publish, consume, manage } = PERMISSIONS;
    expect(rulesOf('sender')).toEqual([...send.keys()]);
    expect(rulesOf('publisher')).toEqual([...publish.keys()]);
    expect(rulesOf('consumer')).toEqual([...publish.keys(), ...consume.keys()]);
    expect(rulesOf('operator')).toEqual([...publish.keys(), ...consume.keys(), ...manage.keys()]);
  });
});
