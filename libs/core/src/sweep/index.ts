export { SWEEP_DEFAULTS, type Retention, type SweepOptions } from './options.js';
export { Sweeper, type PlannedSchedule, type SweeperHooks } from './sweeper.js';
