export {
  ATTEMPT_FAULTS,
  type AttemptFault,
  type AttemptOutcome,
  type AttemptResult,
  type AttemptTimings,
  type EgressRequest,
  type TlsIdentity,
} from './attempt.js';
export { EgressClient } from './egress-client.js';
export { EgressGuard } from './egress-guard.js';
export { EGRESS_DEFAULTS, type EgressOptions, type Resolve } from './egress-options.js';
