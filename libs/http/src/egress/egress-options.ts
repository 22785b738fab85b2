import { ConfigError } from '@leanmq/core';
import { assertKnownOptions } from '@leanmq/core/internal';

/** Which addresses may be dialled, and how. The same rules hold at create, update, test and every connect. */
export interface EgressOptions {
  /** Also `http:`, for receivers inside. @default false */
  readonly allowHttp?: boolean;
  /** Ports that a URL may name. @default all */
  readonly ports?: readonly number[];
  /**
   * Exceptions from the ranges at which no public receiver can be: ranges (`10.0.0.0/8`), addresses, hosts
   * (`hooks.internal`) and all hosts below one (`*.internal`). Whoever answers for the name of an allowed host decides
   * which address is dialled.
   */
  readonly allow?: readonly string[];
  /** Never dialled, in the same terms; stronger than `allow`. */
  readonly deny?: readonly string[];
  /** Time limit for the lookup of a name and for a connection with its TLS handshake, ms. @default 5_000 */
  readonly connectTimeoutMs?: number;
  /** Time limit from the request to the headers of the answer, ms. @default that of the attempt */
  readonly headersTimeoutMs?: number;
  /** Time that an idle connection is kept open, in ms; a receiver may ask for less. @default 10_000 */
  readonly idleMs?: number;
  /** Limit on origins with open connections; beyond it, the longest idle one is closed. @default 500 */
  readonly maxOrigins?: number;
  /** Looks a name up. @default DNS, and the system's own lookup for hosts of `allow` and names that DNS does not have */
  readonly resolve?: Resolve;
}

/** @returns the addresses of a name, IPv4 or IPv6; an empty list if it has none */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

export const EGRESS_DEFAULTS = Object.freeze({
  allowHttp: false,
  connectTimeoutMs: 5_000,
  idleMs: 10_000,
  // A process may have 1,024 open files on many systems.
  maxOrigins: 500,
});

const NAMES = [
  'allowHttp',
  'ports',
  'allow',
  'deny',
  'connectTimeoutMs',
  'headersTimeoutMs',
  'idleMs',
  'maxOrigins',
  'resolve',
] as const satisfies readonly (keyof EgressOptions)[];

/** @throws {ConfigError} naming the option; `allow` and `deny` are checked where they are compiled */
export function validEgressOptions(options: EgressOptions): EgressOptions {
  assertKnownOptions('egress', options, NAMES);
  const { allowHttp, ports, resolve } = options;
  if (allowHttp !== undefined && typeof allowHttp !== 'boolean') {
    throw ConfigError.option('egress.allowHttp', allowHttp, 'true or false');
  }
  if (ports !== undefined && (!Array.isArray(ports) || !ports.every(isPort))) {
    throw ConfigError.option('egress.ports', ports, 'a list of whole numbers from 1 to 65535');
  }
  if (resolve !== undefined && typeof resolve !== 'function') {
    throw ConfigError.option('egress.resolve', resolve, 'a function');
  }
  assertMs('connectTimeoutMs', options.connectTimeoutMs, 60_000);
  assertMs('headersTimeoutMs', options.headersTimeoutMs, 600_000);
  assertMs('idleMs', options.idleMs, 600_000);
  assertMs('maxOrigins', options.maxOrigins, 100_000);
  return options;
}

function isPort(port: unknown): boolean {
  return Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535;
}

function assertMs(name: keyof EgressOptions, value: number | undefined, most: number): void {
  if (value !== undefined && (!Number.isSafeInteger(value) || value < 1 || value > most)) {
    throw ConfigError.option(`egress.${name}`, value, `a whole number, 1 to ${most}`);
  }
}
