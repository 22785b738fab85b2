import { setTimeout as delay } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import { ConfigError, HandlerTimeoutError, show } from '../errors.js';
import { displayPath, isPlainText, type InFlight, type WebhookDelivery } from '../message/index.js';
import { inOwnContext } from '../own-context.js';
import { defineScript, lua, type Connection, type RouteKeys } from '../redis/index.js';
import { isThenable, within } from '../within.js';

/** Decision for an idempotency key: run the handler now, already done, or running elsewhere for at most `forMs`. */
export type OnceDecision =
  | { readonly state: 'run' }
  | { readonly state: 'done' }
  | { readonly state: 'busy'; readonly forMs: number };

/**
 * Storage for the marks of an idempotent handler outside Redis, for example in the database that the handler writes to.
 * When the handler writes the mark in the same transaction as its effect, not even a crash runs it twice.
 *
 * Calls for one delivery are sequential. LeanMQ waits for a pending renewal at most as long as one lease.
 */
export interface IdempotencyStore {
  /**
   * Decides whether the handler may run for this key and, if so, reserves the key for `owner` for `leaseMs`. LeanMQ calls
   * it again every third of `leaseMs` while the handler runs: for the same owner, renew the reservation and return
   * `run`. A key that is done stays done.
   *
   * @param owner identifies this delivery alone
   */
  begin(key: string, owner: string, leaseMs: number): Promise<OnceDecision>;
  /** Marks the key as done, before the ack. Has nothing to do when the handler wrote the mark itself. */
  complete(key: string, owner: string): Promise<void>;
  /** Frees the key after a failure, so that the next delivery with this key may run. */
  fail(key: string, owner: string): Promise<void>;
}

export interface OnceOptions {
  /** Runs the handler once per message, or once per key that the function returns, within `idempotencyMs`. @default false */
  readonly idempotent: boolean | ((delivery: WebhookDelivery<never>) => string | Promise<string>);
  /** Custom store for the marks; without one, they are in Redis, written in the step that acks. @default undefined */
  readonly idempotencyStore: IdempotencyStore | undefined;
}

const beginOnceScript = defineScript({
  lua: lua.beginOnceLua,
  keys: ['mark'],
  args: ['owner', 'leaseMs'],
  reply: (raw): OnceDecision => {
    const [state, forMs] = raw as ['run' | 'done' | 'busy', number];
    return state === 'busy' ? { state, forMs } : { state };
  },
});

const MAX_KEY_BYTES = 512;

export interface OnceParts {
  readonly options: OnceOptions & { readonly handlerTimeoutMs: number | undefined };
  readonly keys: RouteKeys;
  readonly group: string;
  readonly consumer: string;
  readonly leaseMs: number;
  readonly connection: Connection;
}

/** Decides whether an idempotent handler runs for a delivery. */
export class Once {
  /** Keys of the running deliveries; used only with a custom store. */
  private readonly keyOf = new WeakMap<InFlight<unknown>, string>();
  /** Maximum time to wait for a key or for the store's answer before a handler starts, in ms. */
  private readonly patienceMs: number;
  /** Pending renewals; used only with a custom store. */
  private readonly renewals = new Map<InFlight<unknown>, Promise<void>>();

  private readonly options: OnceParts['options'];
  private readonly keys: RouteKeys;
  private readonly group: string;
  private readonly consumer: string;
  private readonly leaseMs: number;
  private readonly connection: Connection;

  constructor({ options, keys, group, consumer, leaseMs, connection }: OnceParts) {
    this.options = options;
    this.keys = keys;
    this.group = group;
    this.consumer = consumer;
    this.leaseMs = leaseMs;
    this.connection = connection;
    this.patienceMs = Math.min(options.handlerTimeoutMs ?? Infinity, leaseMs);
  }

  async begin(
    inFlight: InFlight<unknown>,
    delivery: WebhookDelivery,
    signal: AbortSignal,
  ): Promise<OnceDecision> {
    const key = await this.askKey(delivery);
    const owner = this.ownerOf(inFlight);
    const { idempotencyStore } = this.options;
    if (idempotencyStore !== undefined) {
      this.keyOf.set(inFlight, key);
      return this.beginIn(idempotencyStore, inFlight, key, owner);
    }
    const mark = this.keys.once(this.group, key);
    const begin = (client: Redis): Promise<OnceDecision> =>
      beginOnceScript.run(client, { mark }, { owner, leaseMs: this.leaseMs });
    const decision = await this.connection.run(begin, signal);
    if (decision.state !== 'run') return decision;
    inFlight.onceMark = mark;
    // Calling begin() again renews the mark, even one that expired in an outage. A key that is done stays done.
    inFlight.renewMark = () => begin(this.connection.client);
    return decision;
  }

  private async beginIn(
    store: IdempotencyStore,
    inFlight: InFlight<unknown>,
    key: string,
    owner: string,
  ): Promise<OnceDecision> {
    const begin = async (): Promise<OnceDecision> =>
      inOwnContext(() => store.begin(key, owner, this.leaseMs));
    const answer = begin();
    const late = (): Error => {
      // The call is given up and the handler does not run, so a late grant is freed again.
      answer
        .then(async ({ state }) => {
          if (state === 'run') await store.fail(key, owner);
        })
        .catch(() => undefined);
      return new HandlerTimeoutError(this.patienceMs, 'begin() of "idempotencyStore"');
    };
    const decision = validDecision(await within(answer, this.patienceMs, late));
    if (decision.state === 'run') inFlight.renewMark = () => this.renew(inFlight, begin);
    return decision;
  }

  /** Starts a renewal that nobody waits for, so that a slow store does not delay the renewal of leases. */
  private renew(inFlight: InFlight<unknown>, begin: () => Promise<unknown>): Promise<void> {
    if (!this.renewals.has(inFlight)) {
      // The next renewal may succeed after a failure.
      const over = (): void => void this.renewals.delete(inFlight);
      this.renewals.set(inFlight, begin().then(over, over));
    }
    return Promise.resolve();
  }

  /** Reports the outcome to a custom store, before it is sent to Redis. */
  async end(
    inFlight: InFlight<unknown>,
    delivery: WebhookDelivery,
    succeeded: boolean,
  ): Promise<void> {
    const { idempotencyStore } = this.options;
    if (idempotencyStore === undefined) return;
    const key = this.keyOf.get(inFlight) ?? (await this.askKey(delivery));
    const owner = this.ownerOf(inFlight);
    inFlight.renewMark = undefined;
    const renewal = this.renewals.get(inFlight);
    if (renewal !== undefined) {
      // A hanging renewal must not hold the delivery forever.
      await Promise.race([renewal, delay(this.leaseMs, undefined, { ref: false })]);
      this.renewals.delete(inFlight);
    }
    const told = succeeded
      ? idempotencyStore.complete(key, owner)
      : idempotencyStore.fail(key, owner);
    const name = succeeded ? 'complete()' : 'fail()';
    // The wait ends with the lease: a store that never answers must not hold a slot forever.
    await within(
      Promise.resolve(told),
      this.leaseMs,
      () => new HandlerTimeoutError(this.leaseMs, `${name} of "idempotencyStore"`),
    );
  }

  private async askKey(delivery: WebhookDelivery): Promise<string> {
    const { idempotent } = this.options;
    if (typeof idempotent !== 'function') return delivery.id;
    const given: unknown = idempotent(delivery as WebhookDelivery<never>);
    if (!isThenable(given)) return validKey(given, delivery);
    const what = 'The key function of option "idempotent"';
    const late = (): Error => new HandlerTimeoutError(this.patienceMs, what);
    return validKey(await within(given, this.patienceMs, late), delivery);
  }

  private ownerOf({ source, entryId }: InFlight<unknown>): string {
    return `${this.consumer} ${source} ${entryId}`;
  }
}

/** @throws {ConfigError} if the key is not valid */
function validKey(key: unknown, { id, path }: WebhookDelivery): string {
  // Redis would store two keys that differ only in half a surrogate pair as one.
  if (
    typeof key !== 'string' ||
    key === '' ||
    Buffer.byteLength(key) > MAX_KEY_BYTES ||
    !isPlainText(key)
  ) {
    const allowed = '1 to 512 bytes of text without control characters';
    throw new ConfigError(
      `The key function of "idempotent" returned ${show(key)} for message ${show(id)} of "${displayPath(path)}"; let it return ${allowed}, or throw RejectError for a message without a key.`,
    );
  }
  return key;
}

/** @throws {ConfigError} if the decision is not valid; a store written in plain JavaScript may return anything */
function validDecision(decision: unknown): OnceDecision {
  if (typeof decision !== 'object' || decision === null) throw unusable(show(decision));
  const { state, forMs } = decision as { state?: unknown; forMs?: unknown };
  if (state === 'run' || state === 'done') return { state };
  if (state !== 'busy') throw unusable(`an object whose "state" is ${show(state)}`);
  if (typeof forMs !== 'number' || Number.isNaN(forMs)) {
    throw unusable(`an object whose "forMs" is ${show(forMs)}`);
  }
  return { state, forMs };
}

function unusable(shown: string): ConfigError {
  return new ConfigError(
    `begin() of "idempotencyStore" resolved to ${shown}; have it resolve to { state: 'run' }, { state: 'done' } or { state: 'busy', forMs: <milliseconds> }.`,
    { code: 'IDEMPOTENCY_STORE' },
  );
}
