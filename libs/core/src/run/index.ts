export { RUN_DEFAULTS, type RunOptions, type WebhookHandler } from './options.js';
export { Runner, type RunnerHooks } from './runner.js';
