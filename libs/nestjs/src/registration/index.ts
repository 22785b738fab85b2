export { HandlerRegistrar } from './handler-registrar.js';
export { LostHandlers } from './lost-handlers.js';
