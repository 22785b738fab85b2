import { ConfigError, show } from './errors.js';

/** Names that other libraries use → what to say about each: a sentence that names the option to give instead. */
export type ForeignNames = Readonly<Record<string, string>>;

const NONE: ForeignNames = Object.freeze({});
/** Words that name a unit or a length of time; `delaySeconds` means `delayMs`. */
const UNIT = /(milliseconds?|millis|seconds?|secs?|minutes?|msec|ms|at)$/;

/**
 * Refuses an option that is not known: a misspelt one would silently have no effect. Pure.
 *
 * @param owner whoever takes the options, as the error names it
 * @param names the options that it takes
 * @param foreign what to say about names that come from another library
 * @throws {ConfigError} unless `options` is an object whose names are all known; it names the nearest known one
 */
export function known(
  owner: string,
  options: object,
  names: readonly string[],
  foreign: ForeignNames = NONE,
): void {
  if (typeof options !== 'object' || (options as unknown) === null || Array.isArray(options)) {
    throw new ConfigError(
      `The options of ${owner} are ${show(options)}; give an object with ${names.join(', ')}.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!names.includes(name)) throw unknownOption(owner, name, names, foreign);
  }
}

/** The refusal of one option by name, for callers that look for it themselves. Pure. */
export function unknownOption(
  owner: string,
  name: string,
  names: readonly string[],
  foreign: ForeignNames = NONE,
): ConfigError {
  const refusal = `Option "${show(name).slice(1, -1)}" is not known; ${owner} takes ${names.join(', ')}`;
  const hint = Object.hasOwn(foreign, name) ? foreign[name] : undefined;
  if (hint !== undefined) return new ConfigError(`${refusal}; ${hint}`);
  const near = nearestName(name, names);
  return new ConfigError(
    near === undefined ? `${refusal}.` : `${refusal}; did you mean "${near}"?`,
  );
}

/**
 * The known name that was probably meant, or undefined when none is close. Case, separators and units of time do not
 * count; otherwise a third of the letters may differ. Pure.
 */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const wanted = bare(given);
  let nearest: string | undefined;
  let least = Math.floor(Math.max(wanted.length, 3) / 3) + 1;
  for (const name of names) {
    const candidate = bare(name);
    // A distance is at least the difference in length, so that a long name costs nothing.
    if (Math.abs(candidate.length - wanted.length) >= least) continue;
    const found = distance(wanted, candidate);
    if (found < least) [nearest, least] = [name, found];
  }
  return nearest;
}

function bare(name: string): string {
  const letters = name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  const withoutUnit = letters.replace(UNIT, '');
  return withoutUnit.length < 2 ? letters : withoutUnit;
}

/** How many letters to add, drop, change or swap with the next make one text the other (optimal string alignment). */
function distance(one: string, other: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const differs = one[row - 1] === other[column - 1] ? 0 : 1;
      let least = Math.min(
        (previous[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (previous[column - 1] as number) + differs,
      );
      const isSwapped =
        row > 1 &&
        column > 1 &&
        one[row - 1] === other[column - 2] &&
        one[row - 2] === other[column - 1];
      if (isSwapped) least = Math.min(least, (before[column - 2] as number) + 1);
      current.push(least);
    }
    [before, previous] = [previous, current];
  }
  return previous[other.length] as number;
}
