import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';
import { Test } from '@nestjs/testing';

import { eventually } from '../support/eventually.js';
import { InventoryHandlers, InventoryModule, MailBatches, Shop } from './examples/readme.js';
import { useNest } from './support/nest.js';

const nest = useNest();

test('every example of the README is part of a file that is compiled and run here', async () => {
  const file = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
  const examples = await file('examples/readme.ts');
  const readme = await file('../../libs/nestjs/README.md');
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? '');
  expect(blocks).toHaveLength(4);
  for (const block of blocks) expect(examples).toContain(block.trim());
});

test('the examples work', async () => {
  process.env['REDIS_URL'] = nest.broker.url;
  process.env['PREFIX'] = nest.broker.prefix;
  const imports = [InventoryModule];
  const { module, publisher, next } = await nest.init(
    Test.createTestingModule({ imports, providers: [Shop, MailBatches] }).setLogger({
      log: () => undefined,
      warn: () => undefined,
      error: () => undefined,
    }),
  );
  const { stock } = module.get(InventoryHandlers);
  await publisher.send('/inventory/counted', { productId: 'P-1', total: 10 });
  await eventually(() => stock.get('P-1') === 10);
  await module.get(Shop).sell('P-1');
  await eventually(() => stock.get('P-1') === 9);
  const dead = next('deadLettered');
  await publisher.send('/inventory/update', { productId: 'unknown', change: 1 });
  expect(await dead).toMatchObject({ reason: 'rejected' });
});
