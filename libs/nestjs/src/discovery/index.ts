export { blaming } from './blame.js';
export { HandlerExplorer, type FoundHandler, type Wrapper } from './handler-explorer.js';
