import { beforeEach, describe, expect, test } from '@jest/globals';
import { OnWebhookBatch, Payload } from '@leanmq/nestjs';
import {
  BadRequestException,
  Catch,
  Injectable,
  UseFilters,
  UseGuards,
  type ArgumentsHost,
  type ExceptionFilter,
  type PipeTransform,
} from '@nestjs/common';

import { batchOf, ended, sendAll } from './support/batches.js';
import { Deny } from './support/deny.js';
import { useNest } from './support/nest.js';
import { RowDto, row } from './support/rows.js';

const nest = useNest();
let steps: unknown[] = [];
beforeEach(() => {
  steps = [];
});

describe('exception filters of a batch', () => {
  @Catch()
  class Handling implements ExceptionFilter {
    async catch(error: Error, host: ArgumentsHost) {
      const [about] = host.getArgs<[unknown]>();
      steps.push([error.message, about]);
      return error.message === 'known' ? 'handled' : undefined;
    }
  }
  @Injectable()
  class Refuse implements PipeTransform {
    transform(value: unknown) {
      if (value === 'refused') throw new BadRequestException('refused');
      return value;
    }
  }
  @UseFilters(Handling)
  @Injectable()
  class Handlers {
    @OnWebhookBatch('/throws', { ...batchOf(2), attempts: 1, payload: RowDto })
    throws(@Payload() [first]: readonly RowDto[]) {
      throw new Error(first?.sku);
    }
    @OnWebhookBatch('/lists', { ...batchOf(2), attempts: 1 })
    lists() {
      return [new Error('known'), undefined];
    }
    @OnWebhookBatch('/piped', batchOf(2))
    piped(@Payload(Refuse) rows: readonly string[]) {
      steps.push(rows);
    }
    @UseGuards(Deny)
    @OnWebhookBatch('/denied', batchOf(2))
    denied() {}
  }

  async function run(path: string, payloads: readonly unknown[]) {
    const app = await nest.start({ providers: [Handlers] });
    const done = ended(app, 2);
    await sendAll(app, path, payloads);
    const { acked, dead } = await done;
    return { acked: acked.length, reasons: dead.map(({ reason }) => reason).toSorted() };
  }

  test('are asked once about what the method throws, and one that deals with it has all done', async () => {
    const payloads = [row('known'), row('B')];
    expect(await run('/throws', payloads)).toEqual({ acked: 2, reasons: [] });
    expect(steps).toEqual([['known', payloads]]);
  });

  test('that have only looked lose no message', async () => {
    const { reasons } = await run('/throws', [row('unknown'), row('B')]);
    expect(reasons).toEqual(['failed', 'failed']);
  });

  test('do not have done what was invalid', async () => {
    const payloads = [row(7), row('known')];
    expect(await run('/throws', payloads)).toEqual({ acked: 1, reasons: ['invalid'] });
  });

  test('are not asked about the outcomes of single messages, which are answers', async () => {
    expect(await run('/lists', [1, 2])).toEqual({ acked: 1, reasons: ['failed'] });
    expect(steps).toEqual([]);
  });

  test('are asked about a message that a pipe keeps back, with its own arguments', async () => {
    expect(await run('/piped', ['refused', 'fine'])).toEqual({ acked: 1, reasons: ['invalid'] });
    expect(steps).toEqual([['refused', 'refused'], ['fine']]);
  });

  test('are asked about each message that a guard refuses', async () => {
    const { reasons } = await run('/denied', [1, 2]);
    expect(reasons).toEqual(['rejected', 'rejected']);
    expect(steps).toEqual([
      ['Forbidden resource', 1],
      ['Forbidden resource', 2],
    ]);
  });
});
