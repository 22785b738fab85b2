import { ConfigError, LeanMQ } from '@leanmq/core';
import { Inject, Injectable, Optional, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';

import { ControllerMethods, type ControllerMethod } from './controller-methods.js';
import { dedupeOptions, type DedupeOptions } from './dedupe-options.js';
import { RefusalLog } from './refusal-log.js';
import { RequestVerifier } from './request-verifier.js';
import { verifiedWebhookOf, type VerifiedWebhookOptions } from './verified-webhook-options.js';
import { WebhookConfigError } from '../webhook-config-error.js';

/** A method with `@VerifiedWebhook`, ready for requests. */
export interface VerifiedRoute {
  readonly verifier: RequestVerifier;
  readonly refusals: RefusalLog;
  /** Undefined: every request runs. */
  readonly dedupe: Required<DedupeOptions> | undefined;
}

/** The verified methods of the application; made when it starts, so that what is wrong stops the start. */
@Injectable()
export class VerifiedRoutes implements OnModuleInit {
  private readonly routes = new Map<unknown, VerifiedRoute>();

  constructor(
    private readonly methods: ControllerMethods,
    private readonly providers: ModuleRef,
    private readonly adapter: HttpAdapterHost,
    @Optional() @Inject(LeanMQ) private readonly mq: LeanMQ | undefined,
  ) {}

  /** @throws {ConfigError} that names class and method */
  async onModuleInit(): Promise<void> {
    // Without HTTP, as in a worker that shares modules, nothing comes in.
    if (!isHttp(this.adapter)) return;
    for (const method of this.methods.all()) {
      const options = verifiedWebhookOf(method.method);
      if (options !== undefined)
        this.routes.set(method.method, await this.prepare(method, options));
    }
  }

  /** @throws {ConfigError} for a handler that was not there when the application started */
  of(handler: unknown): VerifiedRoute {
    const route = this.routes.get(handler);
    if (route !== undefined) return route;
    throw new ConfigError('@VerifiedWebhook is on a handler that Nest did not know at its start.');
  }

  private async prepare(
    { where, isRouted }: ControllerMethod,
    options: VerifiedWebhookOptions,
  ): Promise<VerifiedRoute> {
    if (!isRouted) {
      throw new ConfigError(`${where} has @VerifiedWebhook but no route; add @Post().`);
    }
    const dedupe = dedupeOptions(options.dedupe);
    if (dedupe !== undefined && this.mq === undefined) {
      throw new ConfigError(
        `${where}: "dedupe" keeps ids in Redis; import LeanMQModule, or set "dedupe" to false.`,
      );
    }
    try {
      const verifier = await RequestVerifier.create(options, this.providers);
      return { verifier, dedupe, refusals: new RefusalLog(where) };
    } catch (error) {
      throw blamed(where, error);
    }
  }
}

/** Says where an error of the configuration is. */
export function blamed(where: string, error: unknown): unknown {
  if (error instanceof WebhookConfigError) {
    const { code, field, message } = error;
    return new WebhookConfigError(code, field, `${where}: ${message}`, { cause: error });
  }
  if (!(error instanceof ConfigError)) return error;
  return new ConfigError(`${where}: ${error.message}`, { code: error.code, cause: error });
}

/** A context without HTTP has no adapter, or one that only says so. */
export function isHttp({ httpAdapter }: Partial<HttpAdapterHost>): boolean {
  return (
    typeof httpAdapter?.getType === 'function' &&
    httpAdapter.getInstance<object | undefined>() !== undefined
  );
}
