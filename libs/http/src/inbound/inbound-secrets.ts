import type { InjectionToken } from '@nestjs/common';

import type { InboundRequest } from './inbound-request.js';

type Secrets = string | readonly string[];

/** Secrets that depend on the request, such as those of a tenant; `undefined` refuses it. */
export type SecretsOfRequest = (
  request: InboundRequest,
) => Secrets | undefined | Promise<Secrets | undefined>;

/** Secrets that come from providers of the application; asked for once, when it starts. */
export interface SecretsFactory {
  readonly inject?: readonly InjectionToken[];
  readonly useFactory: (
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what is injected, in its own types
    ...args: any[]
  ) => Secrets | SecretsOfRequest | Promise<Secrets | SecretsOfRequest>;
}

export type InboundSecrets = Secrets | SecretsOfRequest | SecretsFactory;

export function isSecretsFactory(secrets: InboundSecrets | undefined): secrets is SecretsFactory {
  return typeof (Object(secrets) as Partial<SecretsFactory>).useFactory === 'function';
}
