import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { createWebhookSecret, signWebhook, verifyWebhook } from './index.js';

test("the README's example verifies what it has signed", async () => {
  const page = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const code = example
    .replace(/^import .*$/m, '')
    .replace(/verifyWebhook\(/, 'return verifyWebhook(');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- it is what the page says
  const run = new Function(
    'createWebhookSecret',
    'signWebhook',
    'verifyWebhook',
    'Buffer',
    code,
  ) as (...names: unknown[]) => unknown;
  const proof = run(createWebhookSecret, signWebhook, verifyWebhook, Buffer);
  expect(proof).toMatchObject({ id: 'msg_1', secretIndex: 0 });
});
