/** What is needed of class-validator's `ValidationError`. */
export interface PropertyError {
  readonly property: string;
  readonly constraints?: Readonly<Record<string, string>>;
  readonly children?: readonly PropertyError[];
}

/**
 * The violations in words, each with the way to its property: `items.0.sku must be a string`. Pure.
 *
 * @param parent way to the object that the errors are about
 */
export function violationsOf(errors: readonly PropertyError[], parent = ''): string[] {
  return errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const own = Object.values(constraints).map((text) => located(parent, property, text));
    return [...own, ...violationsOf(children, join(parent, property))];
  });
}

/** How many violations an error's text names; its `violations` are all of them. */
const NAMED = 3;

/** What is wrong with a payload that should be a `type`, in a line. Pure. */
export function describeViolations(type: string, violations: readonly string[]): string {
  const named = violations.slice(0, NAMED).join('; ');
  const more = violations.length > NAMED ? ` (and ${violations.length - NAMED} more)` : '';
  return `The payload is not a valid ${type}: ${named}${more}.`;
}

function located(parent: string, property: string, text: string): string {
  if (parent === '') return text;
  // By default a text begins with the property's name; one's own may not.
  return text.startsWith(property) ? join(parent, text) : `${join(parent, property)}: ${text}`;
}

function join(parent: string, rest: string): string {
  return parent === '' ? rest : `${parent}.${rest}`;
}
