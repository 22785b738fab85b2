import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { ConfigError } from '@leanmq/core';
import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** A list of `egress.allow` or `egress.deny`, compiled. */
export interface AddressRules {
  readonly ranges: readonly [IPv4 | IPv6, number][];
  readonly hosts: ReadonlySet<string>;
  /** With the dot in front. */
  readonly suffixes: readonly string[];
}

const ALLOWED =
  'a range such as "10.0.0.0/8", an address, a host such as "hooks.internal", or all hosts below one as "*.internal"';
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/** @throws {ConfigError} naming the entry that is none of range, address, host and `*.suffix` */
export function addressRules(option: string, entries: readonly string[]): AddressRules {
  if (!Array.isArray(entries)) {
    throw ConfigError.option(option, entries, `a list; each entry is ${ALLOWED}`);
  }
  const ranges: [IPv4 | IPv6, number][] = [];
  const hosts = new Set<string>();
  const suffixes: string[] = [];
  entries.forEach((entry: unknown, index) => {
    const name = `${option}[${index}]`;
    if (typeof entry !== 'string') throw ConfigError.option(name, entry, ALLOWED);
    if (entry.includes('/') || isIP(entry) !== 0) ranges.push(rangeOf(name, entry));
    else if (entry.startsWith('*.')) suffixes.push(`.${hostOf(name, entry, entry.slice(2))}`);
    else hosts.add(hostOf(name, entry, entry));
  });
  return { ranges, hosts, suffixes };
}

function rangeOf(name: string, entry: string): [IPv4 | IPv6, number] {
  const [address = '', bits, ...more] = entry.split('/');
  const most = isIP(address) === 4 ? 32 : 128;
  const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
  // ipaddr.js alone would read 10.1/16 and 010.0.0.1 as other spellings of addresses.
  if (isIP(address) === 0 || address.includes('%') || !isRange || more.length > 0) {
    throw ConfigError.option(name, entry, ALLOWED);
  }
  return [ipaddr.parse(address), bits === undefined ? most : Number(bits)];
}

function hostOf(name: string, entry: string, host: string): string {
  const ascii = bareHost(domainToASCII(host));
  if (ascii === '' || !ascii.split('.').every((label) => LABEL.test(label))) {
    throw ConfigError.option(name, entry, ALLOWED);
  }
  return ascii;
}

/** A name without the dot that may end it, and an IPv6 literal without its brackets. Pure. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}

export function namesHost(rules: AddressRules, host: string): boolean {
  return rules.hosts.has(host) || rules.suffixes.some((suffix) => host.endsWith(suffix));
}

export function namesAddress(rules: AddressRules, address: IPv4 | IPv6): boolean {
  return rules.ranges.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  );
}
