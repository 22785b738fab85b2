import { UndecodableError } from '../errors.js';
import {
  assertUtf8,
  decodeHeaders,
  decodePayload,
  mayBeDamaged,
  type Entry,
  type InFlight,
  type Outcome,
} from '../message/index.js';
import { Delivery, type DeliverySource } from './delivery.js';

/** Inputs, besides the entry itself, that decide whether a handler may see it. */
export interface OpenRules<Route> {
  /** Unique name of the consumer that holds the entry. */
  readonly consumer: string;
  /** Number of crashes after which a message is dead-lettered as `poison`. */
  readonly maxCrashes: number;
  /** Server time, epoch ms. */
  readonly now: () => number;
  /** Reads the entry's raw fields again, to check bytes that the client could not decode. */
  readonly readRaw: (inFlight: InFlight<Route>) => Promise<Uint8Array[]>;
}

const EXPIRED: Outcome = Object.freeze({ kind: 'expired' });

/**
 * Turns an in-flight entry into the delivery for its handler, or into the outcome that it has without one: expired,
 * poison, or undecodable (a broken entry, payload or header, or damaged bytes). Handlers, batches, `receive()` and
 * `processOnce()` all come through here.
 *
 * @returns a promise only when the raw bytes must be read first
 */
export function openDelivery<Route extends DeliverySource>(
  inFlight: InFlight<Route>,
  rules: OpenRules<Route>,
): Delivery<unknown> | Outcome | Promise<Delivery<unknown> | Outcome> {
  if (!mayBeDamaged(inFlight.fields)) return openDecoded(inFlight, rules);
  return rules
    .readRaw(inFlight)
    .then((fields) => assertUtf8(fields))
    .then(() => openDecoded(inFlight, rules))
    .catch(unreadable);
}

/** Returns true when the entry's time to live has passed at `now`, in epoch ms. */
export function hasExpired({ expiresAt }: Entry, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

function openDecoded<Route extends DeliverySource>(
  inFlight: InFlight<Route>,
  { consumer, maxCrashes, now }: OpenRules<Route>,
): Delivery<unknown> | Outcome {
  try {
    const entry = inFlight.open();
    if (inFlight.deliveries > maxCrashes) return poison(inFlight);
    if (hasExpired(entry, now())) return EXPIRED;
    // Broken headers fail here, not in the handler that asks for them.
    if (entry.headers !== undefined) decodeHeaders(entry.headers);
    return new Delivery(inFlight.route, consumer, decodePayload(entry.data), inFlight, entry);
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): Outcome {
  // Any other error is a fault while reading the raw bytes; the message itself may be fine.
  if (!(error instanceof UndecodableError)) return { kind: 'released' };
  return { kind: 'dead', reason: 'undecodable', error };
}

function poison({ crashes }: InFlight<unknown>): Outcome {
  const error = new Error(
    `The process died or stalled ${crashes} times with this message, the last time alone.`,
  );
  error.name = 'PoisonMessage';
  return { kind: 'dead', reason: 'poison', error };
}
