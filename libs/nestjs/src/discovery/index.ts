export { blaming } from './blame.js';
export { overriddenHandlers } from './lost-handlers.js';
export { HandlerExplorer, type FoundHandler, type Wrapper } from './handler-explorer.js';
