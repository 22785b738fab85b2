import { BODY } from './nest-metadata.js';
import { describeArgument, payloadArgument, type PipeLike } from './arguments.js';
import { assertCalled } from './method-target.js';

/**
 * Gives the payload to a parameter of a handler.
 *
 * If the parameter's type is a class with class-validator decorators, the parameter gets a validated instance of it, and
 * a payload that is not one goes to the dead letters as `invalid`, without retries. Pipes run before that.
 */
export function Payload(...pipes: PipeLike[]): ParameterDecorator;
/**
 * Gives one property of the payload to a parameter of a handler; undefined if the payload has none of that name.
 */
export function Payload(property: string, ...pipes: PipeLike[]): ParameterDecorator;
export function Payload(...args: (string | PipeLike)[]): ParameterDecorator {
  // Otherwise a single argument is a pipe, which may be a class.
  if (typeof args[2] === 'number') assertCalled('@Payload', args);
  const [first, ...rest] = args;
  const [property, pipes] = typeof first === 'string' ? [first, rest] : [undefined, args];
  return (target, method, index) => {
    const argument = payloadArgument(index, property, pipes as PipeLike[]);
    describeArgument(target, method, BODY, argument);
  };
}
