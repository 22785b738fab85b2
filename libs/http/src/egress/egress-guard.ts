import type { LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { show, toError } from '@leanmq/core/internal';
import { WebhookInputError } from '../input-error.js';
import { bareHost, namesHost } from './address-rules.js';
import { EGRESS_DEFAULTS, type EgressOptions, type Resolve } from './egress-options.js';
import { egressPolicy, judgeTarget, type EgressPolicy, type Target } from './judge-target.js';
import { defaultResolve } from './resolve-name.js';
import { parseWebhookUrl, targetOf } from './webhook-url.js';

/** Decides which receivers may be reached, when an endpoint is given and again whenever it is dialled. */
export class EgressGuard {
  private readonly policy: EgressPolicy;
  private readonly resolve: Resolve;
  private readonly timeoutMs: number;

  /** @param options checked by `validEgressOptions` */
  constructor(options: EgressOptions) {
    this.policy = egressPolicy(options);
    this.resolve =
      options.resolve ?? defaultResolve((hostname) => namesHost(this.policy.allow, hostname));
    this.timeoutMs = options.connectTimeoutMs ?? EGRESS_DEFAULTS.connectTimeoutMs;
  }

  /**
   * Checks a URL that somebody gave, with all addresses that its name has now.
   *
   * @returns its canonical form
   * @throws {WebhookInputError} saying what is refused and what would allow it
   */
  async check(text: unknown): Promise<string> {
    const url = parseWebhookUrl(text);
    const target = targetOf(url);
    judgeTarget(this.policy, target);
    const host = bareHost(url.hostname);
    if (isIP(host) === 0) judgeTarget(this.policy, target, await this.addressesOf(host));
    return url.href;
  }

  /** @throws {WebhookInputError} for a literal address or a host that may not be dialled */
  judge(target: Target): void {
    judgeTarget(this.policy, target);
  }

  /**
   * The lookup of a connection: it returns judged addresses only, so that what was judged is what is dialled. One blocked
   * address refuses the name, or chance would decide.
   */
  readonly lookup: LookupFunction = (hostname, { all }, callback) => {
    this.judgedAddresses(bareHost(hostname)).then(
      (found) => {
        if (all === true) callback(null, found);
        else callback(null, found[0]?.address ?? '', found[0]?.family);
      },
      (error: unknown) => callback(toError(error), []),
    );
  };

  private async judgedAddresses(hostname: string): Promise<LookupAddress[]> {
    const addresses = await this.addressesOf(hostname);
    judgeTarget(this.policy, { hostname }, addresses);
    return addresses.map((address) => ({ address, family: isIP(address) }));
  }

  private async addressesOf(host: string): Promise<readonly string[]> {
    const addresses: unknown = await this.inTime(host, async () => this.resolve(host)).catch(
      (cause: unknown) => {
        throw cause instanceof WebhookInputError ? cause : unresolved(host, cause);
      },
    );
    if (!isTexts(addresses) || addresses.length === 0) throw unresolved(host, undefined);
    return addresses;
  }

  private async inTime<T>(host: string, lookup: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = Object.assign(new Error(), { code: `no answer within ${this.timeoutMs} ms` });
      timer = setTimeout(() => reject(unresolved(host, error)), this.timeoutMs);
    });
    return Promise.race([lookup(), late]).finally(() => clearTimeout(timer));
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function unresolved(host: string, cause: unknown): WebhookInputError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  const why = typeof code === 'string' ? ` (${show(code).slice(1, -1)})` : '';
  return new WebhookInputError(
    'HOST_UNRESOLVED',
    'url',
    `The host "${host}" has no address${why}; check its name, or try again when its DNS has it.`,
    { retryable: true, cause },
  );
}
