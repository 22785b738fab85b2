import { ConfigError } from '../errors.js';
import { unknownOption } from '../option-values.js';

/** Size limits of a single message. Publishing a larger one fails with a `MessageTooLargeError`. */
export interface MessageLimits {
  /** Maximum bytes of the payload as JSON. @default 262_144 */
  readonly payloadBytes: number;
  /** Maximum nesting of objects and arrays. @default 64 */
  readonly depth: number;
  /** Maximum bytes of all headers as JSON. @default 16_384 */
  readonly headerBytes: number;
}

export const MESSAGE_LIMITS: MessageLimits = Object.freeze({
  // Redis handles more, but one large payload delays everything behind it on the connection.
  payloadBytes: 256 * 1024,
  // Deeper data is nearly always a cycle or an attack; recursion in handler code fails near 10,000 levels.
  depth: 64,
  headerBytes: 16 * 1024,
});

/** @throws {ConfigError} if a limit is unknown or not a positive whole number */
export function resolveLimits(limits: Partial<MessageLimits> = {}): MessageLimits {
  if (typeof limits !== 'object' || (limits as unknown) === null) {
    throw ConfigError.option('limits', limits, 'an object');
  }
  const resolved: { -readonly [Name in keyof MessageLimits]: number } = { ...MESSAGE_LIMITS };
  for (const [name, value] of Object.entries(limits)) {
    if (!isLimit(name)) {
      throw unknownOption('"limits"', name, Object.keys(MESSAGE_LIMITS));
    }
    // An undefined option keeps its default.
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
