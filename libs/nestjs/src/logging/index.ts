export { logEvents, logPublisherOnly } from './event-logger.js';
