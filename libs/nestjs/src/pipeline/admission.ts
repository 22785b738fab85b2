import { type WebhookDelivery } from '@leanmq/core';
import { toError } from '@leanmq/core/internal';
import type { CanActivate } from '@nestjs/common';

import { isBatchAware } from '../decorators/index.js';
import type { FoundHandler } from '../discovery/index.js';
import type { LeanMQArguments, LeanMQBatchArguments } from './context.js';
import type { Failures } from './failures.js';
import type { Guards } from './guards.js';
import { HostPerDelivery, sharedHost, type Host } from './host.js';
import { late, settledWithin } from './settled-within.js';

/** Errors of the refused deliveries; undefined where a filter has handled the refusal. */
export type Refused = ReadonlyMap<WebhookDelivery, unknown>;

/**
 * Calls the guards of a batch handler in order. A batch-aware guard is called once, with the deliveries that earlier guards
 * accepted; any other guard is called for each message as if it had come alone.
 */
export class Admission {
  /** Undefined if all deliveries share their guards. */
  private readonly hosts: HostPerDelivery | undefined;

  constructor(
    private readonly guards: Guards,
    private readonly failures: Failures,
    { wrapper }: FoundHandler,
    /** Time limit for the guards of one message, in ms. */
    private readonly limitMs: number,
  ) {
    this.hosts = sharedHost(wrapper) === undefined ? new HostPerDelivery(wrapper) : undefined;
  }

  /** @returns the deliveries that the guards refuse */
  async refuse(deliveries: readonly WebhookDelivery[], host: Host): Promise<Refused> {
    const refused = new Map<WebhookDelivery, unknown>();
    const ofBatch: Asked = { guards: this.guards.of(host), host };
    if (ofBatch.guards.length === 0) return refused;
    const ofOne = this.guardsOfOne(ofBatch);
    for (const [index, guard] of ofBatch.guards.entries()) {
      const left = deliveries.filter((delivery) => !refused.has(delivery));
      if (left.length === 0) break;
      const answers = isBatchAware(guard)
        ? await this.askOnce(guard, left, host)
        : await this.askEach(index, left, ofOne);
      left.forEach((delivery, each) => {
        const answer = answers[each] ?? { outcome: late('A guard', this.limitMs) };
        if (answer !== PASSED) refused.set(delivery, answer.outcome);
      });
    }
    return refused;
  }

  private async askOnce(
    guard: CanActivate,
    deliveries: readonly WebhookDelivery[],
    host: Host,
  ): Promise<Answer[]> {
    const args: LeanMQBatchArguments = [deliveries.map(({ data }) => data), deliveries];
    const answer = await this.ask(guard, args, host);
    return deliveries.map(() => answer);
  }

  private askEach(
    index: number,
    deliveries: readonly WebhookDelivery[],
    guardsOf: GuardsOfOne,
  ): Promise<(Answer | undefined)[]> {
    const answers = deliveries.map(async (delivery): Promise<Answer> => {
      try {
        const { guards, host } = await guardsOf(delivery);
        return await this.ask(guards[index] as CanActivate, [delivery.data, delivery], host);
      } catch (error) {
        // No instance could be created for this message.
        return { outcome: toError(error) };
      }
    });
    return settledWithin(answers, this.limitMs);
  }

  private async ask(
    guard: CanActivate,
    args: LeanMQArguments | LeanMQBatchArguments,
    host: Host,
  ): Promise<Answer> {
    try {
      await this.guards.ask(guard, args, host);
      return PASSED;
    } catch (error) {
      const failure = await this.failures.undealt(error, args, host);
      return { outcome: failure && (failure.error ?? toError(failure.error)) };
    }
  }

  /** Creates an instance per message: a request-scoped guard that injects `REQUEST` expects one message, not a list. */
  private guardsOfOne(ofBatch: Asked): GuardsOfOne {
    const { hosts } = this;
    if (hosts === undefined) return () => ofBatch;
    const own = new Map<WebhookDelivery, Promise<Asked>>();
    const make = async (delivery: WebhookDelivery): Promise<Asked> => {
      const host = await hosts.instantiate(delivery);
      return { guards: this.guards.of(host), host };
    };
    return (delivery) => {
      const asked = own.get(delivery) ?? make(delivery);
      own.set(delivery, asked);
      return asked;
    };
  }
}

/** Guards for a message or a batch, and the instance that they belong to. */
interface Asked {
  readonly guards: readonly CanActivate[];
  readonly host: Host;
}

type GuardsOfOne = (delivery: WebhookDelivery) => Asked | Promise<Asked>;

interface Answer {
  readonly outcome: unknown;
}

const PASSED: Answer = Object.freeze({ outcome: undefined });
