import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** A block of IPv6 addresses that lead to an IPv4 address inside them. */
interface Carrier {
  readonly range: [IPv4 | IPv6, number];
  /** The places at which the four octets are; more than one where the block does not tell. */
  readonly places: readonly (readonly [number, number, number, number])[];
  /** The octets are inverted. */
  readonly inverted?: boolean;
}

const LAST = [12, 13, 14, 15] as const;

const CARRIERS: readonly Carrier[] = [
  // IPv4-mapped, RFC 4291
  { range: ipaddr.parseCIDR('::ffff:0:0/96'), places: [LAST] },
  // IPv4-translated, RFC 2765
  { range: ipaddr.parseCIDR('::ffff:0:0:0/96'), places: [LAST] },
  // IPv4-compatible, RFC 4291: all but :: and ::1
  { range: ipaddr.parseCIDR('::/96'), places: [LAST] },
  // NAT64, RFC 6052
  { range: ipaddr.parseCIDR('64:ff9b::/96'), places: [LAST] },
  // NAT64 of a network's own, RFC 8215: its prefix may have any length of RFC 6052 from 48 on
  {
    range: ipaddr.parseCIDR('64:ff9b:1::/48'),
    places: [LAST, [6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12]],
  },
  // 6to4, RFC 3056
  { range: ipaddr.parseCIDR('2002::/16'), places: [[2, 3, 4, 5]] },
  // Teredo, RFC 4380: the server, and the client inverted
  { range: ipaddr.parseCIDR('2001::/32'), places: [[4, 5, 6, 7]] },
  { range: ipaddr.parseCIDR('2001::/32'), places: [LAST], inverted: true },
];

const NOT_INNER = ['::', '::1'];

/**
 * The IPv4 addresses to which an IPv6 address leads: none for an ordinary one, two for Teredo, and all that are possible
 * where the length of the prefix is not known. Pure.
 */
export function innerAddresses(address: IPv6): readonly IPv4[] {
  if (NOT_INNER.includes(address.toString())) return [];
  const octets = address.toByteArray();
  return CARRIERS.filter(({ range }) => address.match(range)).flatMap((carrier) =>
    readings(octets, carrier).map((inner) => new ipaddr.IPv4(inner)),
  );
}

function readings(octets: readonly number[], { places, inverted = false }: Carrier): number[][] {
  const read = places.map((place) =>
    place.map((at) => (octets[at] as number) ^ (inverted ? 0xff : 0)),
  );
  // Of several places, zeros are the rest of a prefix, or what fills up behind an address.
  const meant = read.filter((inner, index) => (index === 0 ? inner.some(Boolean) : inner[0] !== 0));
  return meant.length > 0 ? meant : read.slice(0, 1);
}
