export { argumentsOf, declaredTypes, isPositional, payloadParameters } from './arguments.js';
export { BatchPipeline } from './batch-pipeline.js';
export {
  isLeanMQBatch,
  isLeanMQContext,
  type LeanMQArguments,
  type LeanMQBatchArguments,
} from './context.js';
export { HandlerPipeline } from './handler-pipeline.js';
export { Stages } from './stages.js';
