import { ConfigError, show } from './errors.js';

/** Hint for each option name of another library: a sentence that names the option to give instead. */
export type ForeignNames = Readonly<Record<string, string>>;

const NONE: ForeignNames = Object.freeze({});
/** Units of time at the end of a name: `delaySeconds` means `delayMs`. */
const UNIT = /(milliseconds?|millis|seconds?|secs?|minutes?|msec|ms|at)$/;

/**
 * Refuses unknown options: a misspelt option would silently have no effect. Pure.
 *
 * @param owner taker of the options, as the error names it
 * @param names all options that the owner takes
 * @param foreign hints for names that come from another library
 * @throws {ConfigError} unless `options` is an object with known names only; the error names the nearest known option
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

/** Makes the error that refuses an option, for callers that find unknown options themselves. Pure. */
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
 * Returns the known name that was probably meant, or undefined when none is close. Ignores case, separators and units of
 * time; of the other letters, a third may differ. Pure.
 */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  const wanted = bare(given);
  let nearest: string | undefined;
  let least = Math.floor(Math.max(wanted.length, 3) / 3) + 1;
  for (const name of names) {
    const candidate = bare(name);
    // A distance is at least the difference in length; skip the cost of comparing a long name.
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

/** Counts the letters to add, drop, change or swap with the next to turn one text into the other (optimal string alignment). */
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
