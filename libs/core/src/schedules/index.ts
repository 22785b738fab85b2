export type { CatchUp } from './catch-up.js';
export { Homes, type Home } from './homes.js';
export type { Schedule, ScheduleSpec } from './schedule.js';
export { Schedules, type SchedulesHooks } from './schedules.js';
export { ScheduleStore } from './store.js';
export { Ticker, type TickRequest, type TickerHooks } from './ticker.js';
