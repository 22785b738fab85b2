import { afterEach, describe, expect, test } from '@jest/globals';
import { OnWebhook, Payload, WebhookController, type WebhookDelivery } from '@leanmq/nestjs';
import { Controller, Inject, Injectable, Scope, UseGuards, type CanActivate } from '@nestjs/common';
import {
  ContextIdFactory,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';

import { useNest, type App } from './support/nest.js';

const nest = useNest();

let made = 0;

/** Provider that belongs to one delivery. */
@Injectable({ scope: Scope.REQUEST })
class Unit {
  readonly number = (made += 1);
  constructor(@Inject(REQUEST) readonly delivery: WebhookDelivery<{ n: number }>) {}
}

/** A singleton by itself, which its dependency makes one for each delivery. */
@Injectable()
class Service {
  constructor(readonly unit: Unit) {}
}

async function sendTwo({ publisher, next }: App, path: string): Promise<void> {
  for (const n of [1, 2]) {
    const acked = next('acked');
    await publisher.send(path, { n });
    await acked;
  }
}

describe('request scope', () => {
  test('a handler with request-scoped dependencies has new ones for each delivery, the same for all of it', async () => {
    const seen: unknown[] = [];

    @WebhookController()
    class Handlers {
      constructor(
        private readonly service: Service,
        private readonly unit: Unit,
      ) {}

      @OnWebhook('/unit')
      handle(@Payload('n') n: number) {
        const { unit } = this.service;
        seen.push([n, unit.number, unit === this.unit, unit.delivery.data.n]);
      }
    }

    made = 0;
    const app = await nest.start({ providers: [Handlers, Service, Unit] });
    await sendTwo(app, '/unit');
    expect(seen).toEqual([
      [1, 1, true, 1],
      [2, 2, true, 2],
    ]);
  });

  test.each([Scope.REQUEST, Scope.TRANSIENT])(
    'a handler class of scope %s is instantiated for each delivery',
    async (scope) => {
      const instances = new Set<unknown>();

      @WebhookController('/own', { scope })
      class Handlers {
        readonly made = true;

        @OnWebhook('/scope')
        handle() {
          expect(this.made).toBe(true);
          instances.add(this);
        }
      }

      await sendTwo(await nest.start({ providers: [Handlers] }), '/own/scope');
      expect(instances.size).toBe(2);
    },
  );

  test('the scope that another decorator gives stays', async () => {
    const instances = new Set<unknown>();

    @WebhookController('/kept')
    @Injectable({ scope: Scope.REQUEST })
    class Handlers {
      @OnWebhook('/scope')
      handle() {
        instances.add(this);
      }
    }

    await sendTwo(await nest.start({ providers: [Handlers] }), '/kept/scope');
    expect(instances.size).toBe(2);
  });

  test('a controller is instantiated for each delivery, too', async () => {
    const seen: number[] = [];

    @Controller('http')
    class Handlers {
      constructor(private readonly unit: Unit) {}

      @OnWebhook('/controller')
      handle() {
        seen.push(this.unit.delivery.data.n);
      }
    }

    await sendTwo(await nest.start({ controllers: [Handlers], providers: [Unit] }), '/controller');
    expect(seen).toEqual([1, 2]);
  });

  test('a request-scoped guard is asked with its own delivery', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class OddOnly implements CanActivate {
      constructor(private readonly unit: Unit) {}
      canActivate() {
        return this.unit.delivery.data.n % 2 === 1;
      }
    }
    const handled: number[] = [];

    @UseGuards(OddOnly)
    @Injectable()
    class Handlers {
      @OnWebhook('/odd')
      handle(@Payload('n') n: number) {
        handled.push(n);
      }
    }

    const { publisher, next } = await nest.start({ providers: [Handlers, Unit] });
    const [acked, dead] = [next('acked'), next('deadLettered')];
    await publisher.sendMany('/odd', [{ data: { n: 1 } }, { data: { n: 2 } }]);
    await acked;
    expect(await dead).toMatchObject({ reason: 'rejected' });
    expect(handled).toEqual([1]);
  });

  test('a dependency that cannot be made fails the attempt, and the next may succeed', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Flaky {
      constructor(@Inject(REQUEST) { attempt }: WebhookDelivery) {
        if (attempt === 1) throw new Error('not yet');
      }
    }
    @Injectable()
    class Handlers {
      constructor(readonly flaky: Flaky) {}
      @OnWebhook('/flaky')
      handle() {}
    }

    const { publisher, next } = await nest.start({ providers: [Handlers, Flaky] });
    const [retried, acked] = [next('retried'), next('acked')];
    await publisher.send('/flaky', {});
    expect(await retried).toMatchObject({ error: { message: 'not yet' } });
    expect(await acked).toMatchObject({ attempt: 2 });
  });
});

describe('durable providers', () => {
  class ByTenant implements ContextIdStrategy<WebhookDelivery> {
    private readonly tenants = new Map<string, ContextId>();

    attach(contextId: ContextId, { headers }: WebhookDelivery) {
      const tenant = String(headers['x-tenant']);
      const shared = this.tenants.get(tenant) ?? ContextIdFactory.create();
      this.tenants.set(tenant, shared);
      return {
        resolve: ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? shared : contextId),
        payload: { tenant },
      };
    }
  }

  afterEach(() => {
    // There is no way to ask for none; this one shares nothing.
    ContextIdFactory.apply({ attach: (contextId) => () => contextId });
  });

  test("are shared as the application's strategy says", async () => {
    ContextIdFactory.apply(new ByTenant());
    made = 0;
    const seen: string[] = [];

    @Injectable({ scope: Scope.REQUEST, durable: true })
    class Tenant {
      readonly number = (made += 1);
      constructor(@Inject(REQUEST) readonly context: { tenant: string }) {}
    }
    @Injectable()
    class Handlers {
      constructor(private readonly tenant: Tenant) {}
      @OnWebhook('/tenant')
      handle() {
        seen.push(`${this.tenant.context.tenant} ${this.tenant.number}`);
      }
    }

    const { publisher, next } = await nest.start({ providers: [Handlers, Tenant] });
    for (const tenant of ['acme', 'other', 'acme']) {
      const acked = next('acked');
      await publisher.send('/tenant', {}, { headers: { 'x-tenant': tenant } });
      await acked;
    }
    expect(seen).toEqual(['acme 1', 'other 2', 'acme 1']);
  });
});
