import { BODY } from './nest-metadata.js';
import { describeArgument, payloadArgument, type PipeLike } from './arguments.js';
import { assertCalled } from './method-target.js';

/**
 * Injects the payload into a handler's parameter.
 *
 * If the parameter's type is a class with class-validator decorators, the parameter gets a validated instance; an invalid
 * payload is dead-lettered as `invalid` without retries. Pipes run before the validation.
 */
export function Payload(...pipes: PipeLike[]): ParameterDecorator;
/**
 * Injects one property of the payload into a handler's parameter; undefined if the payload lacks it.
 */
export function Payload(property: string, ...pipes: PipeLike[]): ParameterDecorator;
export function Payload(...args: (string | PipeLike)[]): ParameterDecorator {
  // A single argument that is not a string is a pipe, which may be a class.
  if (typeof args[2] === 'number') assertCalled('@Payload', args);
  const [first, ...rest] = args;
  const [property, pipes] = typeof first === 'string' ? [first, rest] : [undefined, args];
  return (target, method, index) => {
    const argument = payloadArgument(index, property, pipes as PipeLike[]);
    describeArgument(target, method, BODY, argument);
  };
}
