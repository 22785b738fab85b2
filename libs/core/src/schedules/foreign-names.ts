import type { ForeignNames } from '../option-values.js';

/** Replacements for names that BullMQ, node-cron and `@nestjs/schedule` use. */
export const FOREIGN_TO_SCHEDULES: ForeignNames = Object.freeze({
  name: 'give "id"',
  key: 'give "id"',
  jobId: 'give "id"',
  queue: 'give "path"',
  topic: 'give "path"',
  pattern: 'give "cron"',
  expression: 'give "cron"',
  cronTime: 'give "cron"',
  repeat: 'give "cron" or "everyMs"',
  every: 'give "everyMs"',
  interval: 'give "everyMs"',
  tz: 'give "timezone"',
  payload: 'give "data"',
  body: 'give "data"',
  ttl: 'give "ttlMs"',
  delayMs: 'a recurring send is due by its rule; see "catchUp" for what was missed',
  messageId: 'each instant has an id of its own',
});
