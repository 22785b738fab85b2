export { InFlight, type Claim, type Source } from './in-flight.js';
export {
  FIELD,
  MAX_FIELDS,
  assertUtf8,
  mayBeDamaged,
  readEntry,
  readHistory,
  type DeadHistory,
  type Entry,
  type History,
} from './entry.js';
export { recordError, type ErrorRecord, type ErrorSummary } from './error-record.js';
export { NO_HEADERS, decodeHeaders, encodeHeaders, type MessageHeaders } from './headers.js';
export { consecutiveIds, entryTime, isEntryId, isLater, type EntryId } from './ids.js';
export { literalPath } from './literal-path.js';
export { MESSAGE_LIMITS, resolveLimits, type MessageLimits } from './limits.js';
export type { DeadReason, Outcome, WebhookDelivery, WebhookMessage } from './message.js';
export { validGroup, validMessageId, validPrefix } from './names.js';
export { isPlainText } from './plain-text.js';
export { displayPath, normalizePath } from './path.js';
export { decodePayload, encodePayload } from './payload.js';
export {
  busyStateOf,
  processStateOf,
  type BusyState,
  type ConsumingState,
  type ProcessState,
} from './presence-notes.js';
export { uniqueId } from './unique-id.js';
