export { isLeanMQContext, type LeanMQArguments } from './context.js';
export { HandlerPipeline } from './handler-pipeline.js';
