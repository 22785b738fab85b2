import { existsSync, readFileSync, readdirSync } from 'node:fs';

import { expect, test } from '@jest/globals';

const root = new URL('../../', import.meta.url);
const folders = ['', 'docs/', 'docs/adr/', 'libs/core/', 'libs/nestjs/', 'libs/http/', 'apps/'];
const pages = folders.flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => folder + name),
);
const textOf = (url: URL): string => readFileSync(url, 'utf8');

/** Returns the anchors that GitHub generates for a page's headings. */
function anchorsOf(url: URL): string[] {
  return [...textOf(url).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('each link of %s leads somewhere in the repository', (page) => {
  const base = new URL(page, root);
  const links = [...textOf(base).matchAll(/\]\(((?!\w+:)[^)\s]+)\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => {
    const target = new URL(link, base);
    const anchor = target.hash.slice(1);
    target.hash = '';
    if (!existsSync(target)) return true;
    return anchor !== '' && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});
