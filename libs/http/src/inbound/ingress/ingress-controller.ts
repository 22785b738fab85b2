import { ConfigError, LeanMQ } from '@leanmq/core';
import {
  All,
  Controller,
  Inject,
  Optional,
  Req,
  Res,
  VERSION_NEUTRAL,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';

import { markRawBody } from '../raw-body/index.js';
import { blamed, isHttp } from '../verified-routes.js';
import { IngressGate } from './ingress-gate.js';
import type { CheckedIngress } from './ingress-options.js';

/** Makes the controller of one path. It takes every method, to answer 405 for all but POST. */
export function ingressController(ingress: CheckedIngress): Type {
  @Controller({ path: '', version: VERSION_NEUTRAL })
  class WebhookIngressController implements OnModuleInit {
    private gate: IngressGate | undefined;

    constructor(
      @Inject(ModuleRef) private readonly providers: ModuleRef,
      @Inject(HttpAdapterHost) private readonly adapter: HttpAdapterHost,
      @Optional() @Inject(LeanMQ) private readonly mq: LeanMQ | undefined,
    ) {}

    async onModuleInit(): Promise<void> {
      if (!isHttp(this.adapter)) return;
      if (this.mq === undefined) {
        throw new ConfigError('WebhookIngress publishes to LeanMQ; import LeanMQModule.');
      }
      try {
        this.gate = await IngressGate.create(ingress, this.providers, this.mq);
      } catch (error) {
        throw blamed(`WebhookIngress "${ingress.path}"`, error);
      }
    }

    @All(ingress.path)
    async receive(@Req() request: unknown, @Res() response: unknown): Promise<void> {
      const { gate } = this;
      if (gate === undefined) throw new ConfigError('WebhookIngress has not started.');
      const { status, headers = {}, body } = await gate.take(request);
      const { httpAdapter } = this.adapter;
      for (const [name, value] of Object.entries(headers)) {
        httpAdapter.setHeader(response, name, value);
      }
      httpAdapter.reply(response, body, status);
    }
  }
  const { prototype } = WebhookIngressController;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'receive') as PropertyDescriptor;
  markRawBody(descriptor.value as object, { maxBytes: ingress.maxBodyBytes });
  for (const decorate of ingress.decorators ?? []) applyTo(decorate, prototype, descriptor);
  return WebhookIngressController;
}

/** Those of Nest that are for classes are for methods too. */
function applyTo(
  decorate: ClassDecorator | MethodDecorator,
  prototype: object,
  descriptor: PropertyDescriptor,
): void {
  (decorate as MethodDecorator)(prototype, 'receive', descriptor);
}
