export { logEvents, logNoHandlers } from './event-logger.js';
