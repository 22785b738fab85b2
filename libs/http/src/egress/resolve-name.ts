import { Resolver, lookup } from 'node:dns/promises';
import type { Resolve } from './egress-options.js';

// With two tries and two kinds of records, an answer or a refusal is there before a connection would be given up.
const DNS_TIMEOUT_MS = 2_000;
const DNS_TRIES = 2;

/**
 * Makes the default lookup. DNS is asked by c-ares: the system's lookup runs in a pool of four threads, where two names
 * whose servers do not answer would hold up everybody else's. The system is asked for hosts that the operator named and
 * for names that DNS does not have, such as those of /etc/hosts.
 *
 * @param isTrusted whether the operator named the host in `egress.allow`
 */
export function defaultResolve(isTrusted: (hostname: string) => boolean): Resolve {
  let dns: Resolver | undefined;
  return async (hostname) => {
    if (isTrusted(hostname)) return bySystem(hostname);
    dns ??= new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
    // IPv4 first: it is dialled first, and without IPv4 that fails at once.
    const answers = await Promise.allSettled([dns.resolve4(hostname), dns.resolve6(hostname)]);
    const addresses = answers.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
    if (addresses.length > 0) return addresses;
    const late = answers.find((each) => each.status === 'rejected' && isTimeout(each.reason));
    if (late?.status === 'rejected') throw late.reason;
    return bySystem(hostname);
  };
}

async function bySystem(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}

function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ETIMEOUT';
}
