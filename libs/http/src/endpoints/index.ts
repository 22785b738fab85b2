export type {
  AuthInput,
  Endpoint,
  EndpointAuth,
  EndpointInput,
  HeaderInput,
  Signature,
  SigningSecret,
} from './endpoint.js';
export {
  DELIVERY_DEFAULTS,
  type BodyFormat,
  type DeliveryOptions,
  type ResolvedDelivery,
  type WhileDisabled,
} from './delivery-options.js';
export type { CompiledFilter, Filter, FilterEvent } from './filter.js';
export { Secret } from './secret.js';
