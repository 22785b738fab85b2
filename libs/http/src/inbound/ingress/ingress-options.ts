import { ConfigError } from '@leanmq/core';
import { assertKnownOptions, normalizePath } from '@leanmq/core/internal';

import type { WebhookVerification } from '../../verifying/index.js';
import type { InboundRequest } from '../inbound-request.js';
import {
  MAX_BODY_BYTES,
  assertVerificationOptions,
  wholeOption,
  type VerificationOptions,
} from '../verification-options.js';

/** A verified webhook on its way into a queue. */
export interface InboundWebhook extends WebhookVerification, InboundRequest {
  /** The parsed body: JSON, a form as an object, or text. */
  readonly data: unknown;
}

/** A path that takes webhooks of one sender into a queue. */
export interface IngressRoute extends VerificationOptions {
  /** Path of the HTTP route, below the application's global prefix; parameters as in Nest's `@Post()`. */
  readonly path: string;
  /** Path of the queue, or a function that gives it. */
  readonly route: string | ((webhook: InboundWebhook) => string);
  /** Makes the message's data; `undefined` publishes nothing, and the sender is answered like a success. @default the parsed body */
  readonly map?: (webhook: InboundWebhook) => unknown;
  /** Request headers that the message has too, besides those by which its sender says what happened. */
  readonly headers?: readonly string[];
  /** Content types beside JSON and forms, whose bodies are data as text; `*` allows all. */
  readonly contentTypes?: readonly string[];
  /** Most webhooks in a time, for each process; more are answered 429. */
  readonly rateLimit?: { readonly count: number; readonly perMs: number };
  /** Time that an id is remembered, ms: what comes again is not published again. @default 259_200_000, three days */
  readonly dedupeMs?: number;
  /** Longest wait for Redis, ms; then the answer is 503. Slack gives up after 3 s. @default 2_500 */
  readonly answerWithinMs?: number;
  /** Decorators for the route, such as those that keep global guards away. */
  readonly decorators?: readonly (ClassDecorator | MethodDecorator)[];
}

/** A checked route with its defaults. */
export interface CheckedIngress extends IngressRoute {
  readonly dedupeMs: number;
  readonly answerWithinMs: number;
  readonly maxBodyBytes: number;
}

export const INGRESS_DEFAULTS: Readonly<Record<'dedupeMs' | 'answerWithinMs', number>> =
  Object.freeze({
    dedupeMs: 3 * 24 * 3_600_000,
    answerWithinMs: 2_500,
  });

const OWN_NAMES: readonly string[] = [
  'path',
  'route',
  'map',
  'headers',
  'contentTypes',
  'rateLimit',
  'dedupeMs',
  'answerWithinMs',
  'decorators',
] satisfies (keyof IngressRoute)[];

/**
 * Checks the routes of an ingress. Pure.
 *
 * @throws {ConfigError} that names the option
 */
export function checkedIngress(routes: readonly IngressRoute[]): CheckedIngress[] {
  if (!Array.isArray(routes) || routes.length === 0) {
    throw new ConfigError(
      'WebhookIngress.forRoot() takes a list of routes: [{ path, scheme, secrets, route }].',
    );
  }
  const checked = (routes as readonly IngressRoute[]).map(checkedRoute);
  const paths = checked.map(({ path }) => path.replace(/^\/+|\/+$/g, ''));
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice === undefined) return checked;
  throw new ConfigError(
    `Two routes of WebhookIngress have the path "/${twice}"; a path belongs to one sender.`,
  );
}

function checkedRoute(given: IngressRoute): CheckedIngress {
  assertVerificationOptions('a route of WebhookIngress', given, OWN_NAMES);
  const { path, route, map, rateLimit, headers = [], contentTypes = [] } = given;
  const { dedupeMs, answerWithinMs } = { ...INGRESS_DEFAULTS, ...defined(given) };
  if (typeof path !== 'string' || path === '') {
    throw ConfigError.option('path', path, 'the path of an HTTP route, such as "/webhooks/stripe"');
  }
  if (typeof route === 'string') normalizePath(route);
  else if (typeof route !== 'function') {
    throw ConfigError.option('route', route, 'the path of a queue, or a function that gives it');
  }
  if (map !== undefined && typeof map !== 'function') {
    throw ConfigError.option('map', map, 'a function that makes the data');
  }
  texts('headers', headers);
  texts('contentTypes', contentTypes);
  wholeOption('dedupeMs', dedupeMs, 1);
  wholeOption('answerWithinMs', answerWithinMs, 1);
  if (rateLimit !== undefined) {
    assertKnownOptions('"rateLimit"', rateLimit, ['count', 'perMs']);
    wholeOption('rateLimit.count', rateLimit.count, 1);
    wholeOption('rateLimit.perMs', rateLimit.perMs, 1);
  }
  const { maxBodyBytes = MAX_BODY_BYTES } = given;
  return { ...given, dedupeMs, answerWithinMs, maxBodyBytes };
}

function texts(option: string, list: readonly string[]): void {
  if (Array.isArray(list) && list.every((each) => typeof each === 'string' && each !== '')) return;
  throw ConfigError.option(option, list, 'a list of texts');
}

function defined(options: IngressRoute): Partial<typeof INGRESS_DEFAULTS> {
  const { dedupeMs, answerWithinMs } = options;
  return {
    ...(dedupeMs === undefined ? {} : { dedupeMs }),
    ...(answerWithinMs === undefined ? {} : { answerWithinMs }),
  };
}
