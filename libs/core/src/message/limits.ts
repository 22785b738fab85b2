import { ConfigError } from '../errors.js';
import { unknownOption } from '../option-values.js';

/** What a single message may be. Larger is refused at publish with a `MessageTooLargeError`. */
export interface MessageLimits {
  /** Bytes of the payload as JSON. */
  readonly payloadBytes: number;
  /** Nesting of objects and arrays. */
  readonly depth: number;
  /** Bytes of all headers as JSON. */
  readonly headerBytes: number;
}

export const MESSAGE_LIMITS: MessageLimits = Object.freeze({
  // Redis handles more, but one large payload delays everything behind it on the connection.
  payloadBytes: 256 * 1024,
  // Deeper data is nearly always a cycle or an attack; recursion in handlers' own code fails near 10,000.
  depth: 64,
  headerBytes: 16 * 1024,
});

/** @throws {ConfigError} if a limit is not a positive whole number, or there is no such limit */
export function resolveLimits(limits: Partial<MessageLimits> = {}): MessageLimits {
  if (typeof limits !== 'object' || (limits as unknown) === null) {
    throw ConfigError.option('limits', limits, 'an object');
  }
  const resolved: { -readonly [Name in keyof MessageLimits]: number } = { ...MESSAGE_LIMITS };
  for (const [name, value] of Object.entries(limits)) {
    if (!isLimit(name)) {
      throw unknownOption('"limits"', name, Object.keys(MESSAGE_LIMITS));
    }
    // An option that is given as undefined is one that is not given.
    if ((value as unknown) === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 1) {
      throw ConfigError.option(`limits.${name}`, value, 'a whole number, 1 or more');
    }
    resolved[name] = value;
  }
  return resolved;
}

function isLimit(name: string): name is keyof MessageLimits {
  return Object.hasOwn(MESSAGE_LIMITS, name);
}
