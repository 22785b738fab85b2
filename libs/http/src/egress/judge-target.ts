import { isIP } from 'node:net';
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';
import { WebhookInputError } from '../input-error.js';
import {
  addressRules,
  bareHost,
  namesAddress,
  namesHost,
  type AddressRules,
} from './address-rules.js';
import { EGRESS_DEFAULTS, type EgressOptions } from './egress-options.js';
import { innerAddresses } from './inner-addresses.js';
import { specialRange } from './special-ranges.js';

/** The rules of `egress`, compiled. */
export interface EgressPolicy {
  readonly allowHttp: boolean;
  readonly ports: ReadonlySet<number> | undefined;
  readonly allow: AddressRules;
  readonly deny: AddressRules;
}

/** Where a request is to go. */
export interface Target {
  readonly hostname: string;
  /** With its colon; undefined when it was judged before, as for the lookup of a connection. */
  readonly protocol?: string;
  readonly port?: number;
}

/** @throws {ConfigError} naming the entry of `allow` or `deny` that is not acceptable */
export function egressPolicy(options: EgressOptions): EgressPolicy {
  return {
    allowHttp: options.allowHttp ?? EGRESS_DEFAULTS.allowHttp,
    ports: options.ports === undefined ? undefined : new Set(options.ports),
    allow: addressRules('egress.allow', options.allow ?? []),
    deny: addressRules('egress.deny', options.deny ?? []),
  };
}

/**
 * Decides whether a request may go to a target. The one place that does: for what a user gives and for each connection.
 * Pure.
 *
 * @param addresses those that the target's name has; a literal is judged by itself
 * @throws {WebhookInputError} naming what is refused, why, and the option that would allow it
 */
export function judgeTarget(
  policy: EgressPolicy,
  { protocol, hostname, port }: Target,
  addresses: readonly string[] = [],
): void {
  if (protocol !== undefined) judgeProtocol(policy, protocol);
  if (port !== undefined) judgePort(policy, port);
  const host = bareHost(hostname);
  if (namesHost(policy.deny, host)) {
    const message = `The host "${host}" is denied by "egress.deny".`;
    throw new WebhookInputError('HOST_BLOCKED', 'url', message);
  }
  for (const address of isIP(host) === 0 ? addresses : [host]) judgeAddress(policy, host, address);
}

function judgeProtocol({ allowHttp }: EgressPolicy, protocol: string): void {
  if (protocol === 'https:' || (protocol === 'http:' && allowHttp)) return;
  const remedy =
    protocol === 'http:'
      ? 'use https, or set "egress.allowHttp" for receivers inside'
      : 'use https';
  throw new WebhookInputError('URL_SCHEME', 'url', `The URL is ${protocol}; ${remedy}.`);
}

function judgePort({ ports }: EgressPolicy, port: number): void {
  if (port >= 1 && (ports === undefined || ports.has(port))) return;
  const allowed = ports === undefined ? '1 to 65535' : `${[...ports].join(', ')} ("egress.ports")`;
  throw new WebhookInputError('URL_PORT', 'url', `The URL has port ${port}; allowed: ${allowed}.`);
}

function judgeAddress(policy: EgressPolicy, host: string, text: string): void {
  // A zone, as of fe80::1%eth0, says by which interface; the address is judged without it.
  const bare = text.replace(/%.*$/, '');
  if (isIP(bare) === 0) throw blocked(host, text, 'is not an IP address');
  const address = ipaddr.parse(bare);
  const inner = address.kind() === 'ipv6' ? innerAddresses(address as IPv6) : [];
  for (const each of [address, ...inner]) {
    if (namesAddress(policy.deny, each)) throw blocked(host, text, 'is denied by "egress.deny"');
  }
  if (namesHost(policy.allow, host)) return;
  if (inner.length === 0) judgeRange(policy, host, text, address);
  for (const each of inner) judgeRange(policy, host, text, each);
}

function judgeRange(policy: EgressPolicy, host: string, text: string, at: IPv4 | IPv6): void {
  const range = specialRange(at);
  if (range === undefined || namesAddress(policy.allow, at)) return;
  const isInner = at.kind() === 'ipv4' && text.includes(':');
  const inside = isInner ? `leads to ${at.toString()}, which is in` : 'is in';
  const remedy = 'to allow it, add the address, a range or the host to "egress.allow"';
  throw blocked(host, text, `${inside} ${range.cidr} (${range.use}); ${remedy}`);
}

function blocked(host: string, address: string, why: string): WebhookInputError {
  const subject =
    host === address ? `The address ${address}` : `The address ${address} of "${host}"`;
  return new WebhookInputError('ADDRESS_BLOCKED', 'url', `${subject} ${why}.`);
}
