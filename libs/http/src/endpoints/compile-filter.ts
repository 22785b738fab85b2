import { unknownFilterOperator } from './filter-refusals.js';
import { ABSENT, OPERATORS, isScalar, type Test } from './filter-operators.js';
import type { CompiledFilter, Filter } from './filter.js';
import { WebhookInputError } from '../input-error.js';
import { invalid, isPlainObject } from './text-rules.js';

const MAX_DEPTH = 10;
const MAX_PARTS = 100;
const MAX_NAME = 256;
const TOP = ['type', 'headers', 'data'];
const LOGICAL = ['$and', '$or', '$not'];
/** Own properties only are looked at; a filter that names these was made to reach others. */
const PROTOTYPE = ['__proto__', 'constructor', 'prototype'];

/**
 * Checks a filter and makes a function of it. The function neither throws nor runs anything of the event's: it reads own
 * properties of what JSON gave.
 *
 * @throws {WebhookInputError} FILTER_OPERATOR, FILTER_KEY, FILTER_VALUE, FILTER_TOO_DEEP or FILTER_TOO_LARGE, with the
 *   path of the part as its field
 */
export function compileFilter(filter: Filter): CompiledFilter {
  const test = new Compiler().filter(filter, 'filter', 1);
  return ({ type, headers, data }) => test({ type, headers, data });
}

/** Counts the parts of one filter. */
class Compiler {
  private parts = 0;

  /** The whole of a filter, or what stands in a logical operator of it: its names are those of an event. */
  filter(given: unknown, field: string, depth: number): Test {
    return all(
      this.entries(given, field, depth).map(([name, value]) => {
        const at = `${field}.${name}`;
        if (LOGICAL.includes(name)) return this.logical(name, value, at, depth);
        if (name.startsWith('$')) throw unknownFilterOperator(at, name, LOGICAL);
        if (TOP.includes(name)) return property(name, this.condition(value, at, depth + 1));
        throw invalid('FILTER_KEY', at, name, `${TOP.join(', ')}, ${LOGICAL.join(', ')}`);
      }),
    );
  }

  /** Compiles the condition that a value must satisfy. */
  private condition(given: unknown, field: string, depth: number): Test {
    if (isScalar(given)) {
      this.count(field, depth);
      return (value) => value === given;
    }
    return all(
      this.entries(given, field, depth).map(([name, operand]) => {
        const at = `${field}.${name}`;
        if (name === '$not') return not(this.condition(operand, at, depth + 1));
        if (name.startsWith('$')) return operation(name, operand, at);
        return property(name, this.condition(operand, at, depth + 1));
      }),
    );
  }

  private logical(name: string, given: unknown, field: string, depth: number): Test {
    if (name === '$not') return not(this.filter(given, field, depth + 1));
    if (!Array.isArray(given) || given.length === 0) {
      throw invalid('FILTER_VALUE', field, given, 'a list of at least one filter');
    }
    const tests = given.map((each, index) => this.filter(each, `${field}[${index}]`, depth + 1));
    return name === '$and' ? all(tests) : (value) => tests.some((test) => test(value));
  }

  private entries(given: unknown, field: string, depth: number): [string, unknown][] {
    if (!isPlainObject(given)) {
      throw invalid(
        'FILTER_VALUE',
        field,
        given,
        'a text, a number, true, false, null or an object',
      );
    }
    const names = Reflect.ownKeys(given);
    if (names.length === 0) throw invalid('FILTER_VALUE', field, given, 'at least one condition');
    return names.map((name) => {
      this.count(field, depth);
      if (typeof name !== 'string' || PROTOTYPE.includes(name) || name.length > MAX_NAME) {
        throw invalid(
          'FILTER_KEY',
          field,
          name,
          `names of at most ${MAX_NAME} characters, but not ${PROTOTYPE.join(', ')}`,
        );
      }
      return [name, given[name]];
    });
  }

  private count(field: string, depth: number): void {
    if (depth > MAX_DEPTH) throw tooMuch('FILTER_TOO_DEEP', field, `${MAX_DEPTH} levels deep`);
    this.parts += 1;
    if (this.parts > MAX_PARTS) throw tooMuch('FILTER_TOO_LARGE', field, `${MAX_PARTS} parts`);
  }
}

function tooMuch(
  code: 'FILTER_TOO_DEEP' | 'FILTER_TOO_LARGE',
  field: string,
  most: string,
): WebhookInputError {
  const message = `The filter is larger than allowed, which is ${most}; register a function and give its name.`;
  return new WebhookInputError(code, field, message);
}

function operation(name: string, operand: unknown, field: string): Test {
  const operator = Object.hasOwn(OPERATORS, name) ? OPERATORS[name] : undefined;
  if (operator === undefined) {
    throw unknownFilterOperator(field, name, [...Object.keys(OPERATORS), '$not']);
  }
  if (!operator.accepts(operand)) throw invalid('FILTER_VALUE', field, operand, operator.allowed);
  return operator.test(operand as never);
}

function property(name: string, test: Test): Test {
  return (value) =>
    test(
      typeof value === 'object' && value !== null && Object.hasOwn(value, name)
        ? (value as Record<string, unknown>)[name]
        : ABSENT,
    );
}

function all(tests: readonly Test[]): Test {
  const [first, ...more] = tests;
  if (first !== undefined && more.length === 0) return first;
  return (value) => tests.every((test) => test(value));
}

function not(test: Test): Test {
  return (value) => !test(value);
}
