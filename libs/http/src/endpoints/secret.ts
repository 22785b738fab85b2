import { inspect } from 'node:util';

const SHOWN = '[secret]';

/** A text that shows itself to no log, error, JSON or `inspect`; only `reveal()` returns it. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  equals(other: unknown): boolean {
    return other instanceof Secret && other.#text === this.#text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
