import { ConfigError, LeanMQ } from '@leanmq/core';
import {
  Controller,
  Delete,
  Get,
  Inject,
  Optional,
  Options,
  Patch,
  Post,
  Put,
  Req,
  Res,
  VERSION_NEUTRAL,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';

import { markRawBody } from '../raw-body/index.js';
import { blamed, isHttp } from '../verified-routes.js';
import { IngressGate, type IngressAnswer } from './ingress-gate.js';
import type { CheckedIngress } from './ingress-options.js';

/** Methods that are answered 405. One by one: `@All()` would take POST again, which Fastify refuses. */
const OTHERS = Object.freeze({ Get, Put, Patch, Delete, Options });

/** Makes the controller of one path. */
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

    @Post(ingress.path)
    async receive(@Req() request: unknown, @Res() response: unknown): Promise<void> {
      const { gate } = this;
      if (gate === undefined) throw new ConfigError('WebhookIngress has not started.');
      this.answer(response, await gate.take(request));
    }

    refuse(response: unknown): void {
      this.answer(response, { status: 405, headers: { allow: 'POST' } });
    }

    private answer(response: unknown, { status, headers = {}, body }: IngressAnswer): void {
      const { httpAdapter } = this.adapter;
      for (const [name, value] of Object.entries(headers)) {
        httpAdapter.setHeader(response, name, value);
      }
      httpAdapter.reply(response, body, status);
    }
  }
  const { prototype } = WebhookIngressController;
  markRawBody(Reflect.get(prototype, 'receive'), { maxBytes: ingress.maxBodyBytes });
  for (const [name, route] of Object.entries(OTHERS))
    addRefusal(prototype, name, route(ingress.path));
  for (const name of ['receive', ...Object.keys(OTHERS)]) {
    for (const decorate of ingress.decorators ?? []) applyTo(decorate, prototype, name);
  }
  return WebhookIngressController;
}

/** A method of a class has one route in Nest, so each refusal is a method of its own. */
function addRefusal(prototype: object, name: string, route: MethodDecorator): void {
  const refuse = function (this: { refuse(response: unknown): void }, response: unknown): void {
    this.refuse(response);
  };
  const descriptor = { value: refuse, configurable: true, writable: true };
  Object.defineProperty(prototype, name, descriptor);
  Res()(prototype, name, 0);
  route(prototype, name, descriptor);
}

/** Applies a decorator to a method; Nest's class decorators work on methods too. */
function applyTo(
  decorate: ClassDecorator | MethodDecorator,
  prototype: object,
  name: string,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  (decorate as MethodDecorator)(prototype, name, descriptor);
}
