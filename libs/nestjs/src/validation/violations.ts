/** The fields of class-validator's `ValidationError` that are used. */
export interface PropertyError {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly PropertyError[];
}

/**
 * Describes the violations, each with the path of its property: `items.0.sku must be a string`. Pure.
 *
 * @param parent path of the object that the errors are about
 */
export function violationsOf(errors: readonly PropertyError[], parent = ''): string[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const own = Object.values(constraints).map((text) => located(parent, property, text));
    return [...own, ...violationsOf(children, join(parent, property))];
  });
}

/** Number of violations in an error's message; its `violations` hold all of them. */
const NAMED = 3;

/** Summarises the violations of a payload of class `type` in one line. Pure. */
export function describeViolations(type: string, violations: readonly string[]): string {
  const named = violations.slice(0, NAMED).join('; ');
  const more = violations.length > NAMED ? ` (and ${violations.length - NAMED} more)` : '';
  return `The payload is not a valid ${type}: ${named}${more}.`;
}

function located(parent: string, property: string, text: string): string {
  if (parent === '') return text;
  // Default messages begin with the property's name; custom ones may not.
  return text.startsWith(property) ? join(parent, text) : `${join(parent, property)}: ${text}`;
}

function join(parent: string, rest: string): string {
  return parent === '' ? rest : `${parent}.${rest}`;
}
