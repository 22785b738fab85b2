import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** A block of addresses at which no public receiver can be. */
export interface SpecialRange {
  readonly cidr: string;
  /** Name for an error message. */
  readonly use: string;
}

/**
 * The IANA IPv4 special-purpose registry, with multicast. Some of its blocks can be reached from everywhere (AS112, AMT);
 * no webhook receiver is there either.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const IPV4: Readonly<Record<string, string>> = {
  '0.0.0.0/8': 'this network',
  '10.0.0.0/8': 'private use',
  '100.64.0.0/10': 'shared address space of carriers',
  '127.0.0.0/8': 'loopback',
  '169.254.0.0/16': 'link-local, with the metadata services of clouds',
  '172.16.0.0/12': 'private use',
  '192.0.0.0/24': 'IETF protocol assignments',
  '192.0.2.0/24': 'documentation',
  '192.31.196.0/24': 'AS112',
  '192.52.193.0/24': 'AMT',
  '192.88.99.0/24': '6to4 relays',
  '192.168.0.0/16': 'private use',
  '192.175.48.0/24': 'AS112',
  '198.18.0.0/15': 'benchmarking',
  '198.51.100.0/24': 'documentation',
  '203.0.113.0/24': 'documentation',
  '224.0.0.0/4': 'multicast',
  '255.255.255.255/32': 'broadcast',
  '240.0.0.0/4': 'reserved',
};

/**
 * The IANA IPv6 special-purpose registry, without what carries an IPv4 address (`inner-addresses.ts`). The first that
 * matches names the range, so narrow ones come before wide ones.
 *
 * @see https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const IPV6: Readonly<Record<string, string>> = {
  '::/128': 'unspecified',
  '::1/128': 'loopback',
  '100::/64': 'discard only',
  '100:0:0:1::/64': 'dummy prefix',
  '2001:2::/48': 'benchmarking',
  '2001:3::/32': 'AMT',
  '2001:4:112::/48': 'AS112',
  '2001:10::/28': 'ORCHID',
  '2001:20::/28': 'ORCHIDv2',
  '2001:30::/28': 'drone remote identification',
  '2001::/23': 'IETF protocol assignments',
  '2001:db8::/32': 'documentation',
  '2620:4f:8000::/48': 'AS112',
  '3fff::/20': 'documentation',
  '5f00::/16': 'segment routing',
  'fc00::/7': 'unique local',
  'fe80::/10': 'link-local',
  'fec0::/10': 'site-local',
  'ff00::/8': 'multicast',
};

/** All that IANA has given out for use on the internet so far. */
const GLOBAL_UNICAST = '2000::/3';
const OUTSIDE: SpecialRange = { cidr: '::/0', use: `not in ${GLOBAL_UNICAST}, global unicast` };

interface Block extends SpecialRange {
  readonly range: [IPv4 | IPv6, number];
}

const blocks = (table: Readonly<Record<string, string>>): readonly Block[] =>
  Object.entries(table).map(([cidr, use]) => ({ cidr, use, range: ipaddr.parseCIDR(cidr) }));

const IPV4_BLOCKS = blocks(IPV4);
const IPV6_BLOCKS = blocks(IPV6);
const PUBLIC = ipaddr.parseCIDR(GLOBAL_UNICAST);

/** The range that makes an address one at which no public receiver can be, if there is one. Pure. */
export function specialRange(address: IPv4 | IPv6): SpecialRange | undefined {
  const isIPv4 = address.kind() === 'ipv4';
  const block = (isIPv4 ? IPV4_BLOCKS : IPV6_BLOCKS).find(({ range }) => address.match(range));
  if (block !== undefined) return { cidr: block.cidr, use: block.use };
  return isIPv4 || address.match(PUBLIC) ? undefined : OUTSIDE;
}
