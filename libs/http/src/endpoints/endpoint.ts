import type { SignatureVersion } from '../signing/index.js';
import type { DeliveryOptions } from './delivery-options.js';
import type { Filter } from './filter.js';
import type { Secret } from './secret.js';

/** A header sent with each delivery. One that is `secret` is encrypted at rest and never shown. */
export type HeaderInput = string | { readonly value: string; readonly secret: true };

/** Proof of who sends, besides the signature: at most one of `basic`, `bearer` and `header`. */
export interface AuthInput {
  readonly basic?: { readonly username: string; readonly password: string };
  readonly bearer?: string;
  readonly header?: { readonly name: string; readonly value: string };
  /** Client certificate and key, PEM. */
  readonly certificate?: {
    readonly cert: string;
    readonly key: string;
    readonly passphrase?: string;
  };
  /** Certificates of the authority that the receiver's own certificate is from, PEM; replaces the public ones. */
  readonly ca?: string;
}

/** A receiver of webhooks outside, as given to `create()`. */
export interface EndpointInput {
  /** Letters, digits and `_ : @ -`, at most 128. @default one that is made */
  readonly id?: string;
  readonly url: string;
  /** Paths of webhooks; this or `patterns` names at least one. */
  readonly routes?: readonly string[];
  /** Beginnings of paths, each ending in `*`; routes that come later are included. */
  readonly patterns?: readonly string[];
  /** Receives only messages of this tenant; without it, only messages of none. */
  readonly tenant?: string;
  /** Event types, such as `order.paid` or `order.*`. @default all of its routes */
  readonly types?: readonly string[];
  /** A condition on type, headers and data, or the name of a registered function. */
  readonly filter?: Filter | string;
  /** Name of a registered function that makes the body's data. */
  readonly transform?: string;
  readonly headers?: Readonly<Record<string, HeaderInput>>;
  readonly auth?: AuthInput;
  /** `whsec_…` for v1, `whsk_…` for v1a. @default one that is made */
  readonly secret?: string;
  /** @default 'v1' */
  readonly signature?: SignatureVersion;
  readonly delivery?: DeliveryOptions;
  /** Delivers one message at a time in the order of publishing; a failing message holds up those behind it. */
  readonly ordered?: boolean;
  /** Texts of the caller's own; at most 4,096 bytes as JSON. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly disabled?: boolean;
}

/** A secret that signs. During a rotation there are several. */
export interface SigningSecret {
  readonly secret: Secret;
  /** Epoch ms; undefined for the newest, which has no end. */
  readonly validUntil: number | undefined;
}

export interface EndpointAuth {
  readonly basic?: { readonly username: string; readonly password: Secret };
  readonly bearer?: Secret;
  readonly header?: { readonly name: string; readonly value: Secret };
  readonly certificate?: {
    readonly cert: string;
    readonly key: Secret;
    readonly passphrase?: Secret;
  };
  readonly ca?: string;
}

/**
 * The canonical form of an endpoint: validated, lists sorted and without repetition, the URL normalised, header names in
 * small letters, secrets as {@link Secret}. Two inputs that mean the same have the same form.
 */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  /** Normal paths, without slashes at their ends. */
  readonly routes: readonly string[];
  readonly patterns: readonly string[];
  readonly tenant?: string;
  /** Empty: all. */
  readonly types: readonly string[];
  readonly filter?: Filter | string;
  readonly transform?: string;
  readonly headers: Readonly<Record<string, string | Secret>>;
  readonly auth?: EndpointAuth;
  readonly signature: SignatureVersion;
  /** Newest first, at least one. */
  readonly secrets: readonly SigningSecret[];
  /** Only what the endpoint itself sets; merge it with `resolveDelivery`. */
  readonly delivery: DeliveryOptions;
  readonly ordered: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly disabled: boolean;
}
