import { setTimeout as delay } from 'node:timers/promises';

import type { Redis } from 'ioredis';

import { ConfigError, HandlerTimeoutError, show } from '../errors.js';
import { displayPath, isPlainText, type InFlight, type WebhookDelivery } from '../message/index.js';
import { inOwnContext } from '../own-context.js';
import { defineScript, lua, type Connection, type RouteKeys } from '../redis/index.js';
import { isThenable, within } from '../within.js';

/** What may happen with a key: its handler runs now, has run, or is running elsewhere for `forMs` at most. */
export type OnceDecision =
  | { readonly state: 'run' }
  | { readonly state: 'done' }
  | { readonly state: 'busy'; readonly forMs: number };

/**
 * Keeps the marks of an idempotent handler elsewhere than in Redis, for example in the database that the handler writes
 * to: when the handler writes the mark in the same transaction as its effect, not even a crash between the two runs it
 * twice.
 *
 * The calls for one delivery come one after the other; a renewal that has not ended is waited for no longer than a lease.
 */
export interface IdempotencyStore {
  /**
   * Says whether the handler may run for this key, and if so keeps it for its owner until `leaseMs` from now. Called again
   * every third of that while the handler runs: what is the same owner's is renewed, and is `run`; what is done stays so.
   *
   * @param owner of this delivery alone
   */
  begin(key: string, owner: string, leaseMs: number): Promise<OnceDecision>;
  /** The handler has succeeded; called before the ack. A store whose mark the handler wrote itself has nothing to do. */
  complete(key: string, owner: string): Promise<void>;
  /** The handler has failed: whoever has the key next may run. */
  fail(key: string, owner: string): Promise<void>;
}

export interface OnceOptions {
  /** The handler runs once for each message, or for each key that the function returns, within `idempotencyMs`. */
  readonly idempotent: boolean | ((delivery: WebhookDelivery<never>) => string | Promise<string>);
  /** Where the marks are kept; in Redis, written in the step that acks, unless told. */
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

/** Decides for each delivery of an idempotent handler whether it runs. */
export class Once {
  /** With a store of the user's, the keys of what runs. */
  private readonly keyOf = new WeakMap<InFlight<unknown>, string>();
  /** Longest that a key, or the answer of a store, is waited for before a handler begins, ms. */
  private readonly patienceMs: number;
  /** With a store of the user's, what is being renewed there. */
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
    // To begin anew is to renew, also when the mark has run out in an outage; what is done by now stays so.
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
      // Given up, the handler does not run: what the store grants too late is freed again.
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

  /** Nobody waits for it: a store that is slow keeps no lease from being renewed. */
  private renew(inFlight: InFlight<unknown>, begin: () => Promise<unknown>): Promise<void> {
    if (!this.renewals.has(inFlight)) {
      // After a failure the next one may succeed.
      const over = (): void => void this.renewals.delete(inFlight);
      this.renewals.set(inFlight, begin().then(over, over));
    }
    return Promise.resolve();
  }

  /** Tells a store of the user's how it went, before Redis hears of it. */
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
      // One that hangs must not keep the delivery for ever.
      await Promise.race([renewal, delay(this.leaseMs, undefined, { ref: false })]);
      this.renewals.delete(inFlight);
    }
    const told = succeeded
      ? idempotencyStore.complete(key, owner)
      : idempotencyStore.fail(key, owner);
    const name = succeeded ? 'complete()' : 'fail()';
    // As long as a lease: a slot is not held for ever by a store that never answers.
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

/** @throws {ConfigError} if it is none */
function validKey(key: unknown, { id, path }: WebhookDelivery): string {
  // Two keys that differ only in half a surrogate pair would be one in Redis.
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

/** @throws {ConfigError} if it is none, as a store that the compiler has not seen may answer */
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
    `begin() of "idempotencyStore" gave ${shown}; have it resolve to { state: 'run' }, { state: 'done' } or { state: 'busy', forMs: <milliseconds> }.`,
    { code: 'IDEMPOTENCY_STORE' },
  );
}
