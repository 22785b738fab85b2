import { ConfigError } from '@leanmq/core';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';

import { ControllerMethods, type ControllerMethod } from './controller-methods.js';
import { replacedIn } from './declared-webhooks.js';
import {
  captureOnExpress,
  captureOnFastify,
  hasFastifyMark,
  rawBodyMarkOf,
  unavailable,
} from './raw-body/index.js';
import { isHttp } from './verified-routes.js';
import { verifiedWebhookOf } from './verified-webhook-options.js';

/** Has the routes that are verified keep their raw bodies, or stops the start of the application. */
@Injectable()
export class RawBodyKeeper implements OnModuleInit {
  constructor(
    private readonly methods: ControllerMethods,
    private readonly adapter: HttpAdapterHost,
  ) {}

  /** @throws {ConfigError} if a webhook could not be verified, or would not be */
  onModuleInit(): void {
    if (!isHttp(this.adapter)) return;
    this.assertNoneReplaced();
    const marked = this.methods.all().filter(({ method }) => rawBodyMarkOf(method) !== undefined);
    if (marked.length === 0) return;
    const { httpAdapter } = this.adapter;
    const type = httpAdapter.getType();
    if (type === 'express') this.onExpress(marked);
    else if (type === 'fastify') this.onFastify(marked);
    else throw unavailable(`the HTTP adapter "${type}" is not known; use Express or Fastify`);
  }

  private onExpress(marked: readonly ControllerMethod[]): void {
    const found = captureOnExpress(this.adapter.httpAdapter.getInstance());
    const lost = marked.find(
      ({ method, isRouted }) => isRouted && !found.has(rawBodyMarkOf(method) as never),
    );
    if (lost !== undefined) throw unavailable(`Express has no route for ${lost.where}`);
  }

  private onFastify(marked: readonly ControllerMethod[]): void {
    const lost = marked.find(({ method }) => !hasFastifyMark(method));
    if (lost !== undefined) {
      throw unavailable(`put @VerifiedWebhook above @RouteConfig on ${lost.where}`);
    }
    // The adapter of Nest 11 drops the configuration of such a route.
    const all = marked.find(({ isForAll }) => isForAll);
    if (all !== undefined) {
      throw unavailable(`${all.where} takes all methods with @All(); on Fastify use @Post()`);
    }
    captureOnFastify(this.adapter.httpAdapter.getInstance());
  }

  /** The method of another decorator has no guard: every request would pass. */
  private assertNoneReplaced(): void {
    for (const prototype of this.methods.prototypes()) {
      const [name] = replacedIn(prototype, (method) => verifiedWebhookOf(method) !== undefined);
      if (name === undefined) continue;
      throw new ConfigError(
        `${prototype.constructor.name}.${name} has @VerifiedWebhook, but a decorator above it has replaced the method, which would not be verified. Put @VerifiedWebhook above that decorator.`,
        { code: 'HANDLER_REPLACED' },
      );
    }
  }
}
