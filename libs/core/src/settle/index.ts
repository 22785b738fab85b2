export {
  BACKOFF_DEFAULTS,
  backoffMs,
  validBackoff,
  type Backoff,
  type BackoffAnswer,
} from './backoff.js';
export { SETTLE_DEFAULTS, type SettleOptions } from './options.js';
export { Settler, type SettleRoute, type SettlerHooks } from './settler.js';
export { decide, type Verdict } from './verdict.js';
