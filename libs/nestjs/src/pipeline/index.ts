export { isLeanMQContext, type LeanMQContext } from './context.js';
export { HandlerPipeline } from './handler-pipeline.js';
