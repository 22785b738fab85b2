export {
  ATTEMPT_FAULTS,
  type AttemptFault,
  type AttemptOutcome,
  type AttemptResult,
  type AttemptTimings,
  type EgressRequest,
  type TlsIdentity,
} from './attempt.js';
