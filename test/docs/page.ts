import { readFileSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** A page of Markdown by its sections. */
export class Page {
  private readonly text: string;

  /** @param path from the root of the repository */
  constructor(path: string) {
    this.text = readFileSync(new URL(path, root), 'utf8');
  }

  /** All that is written as code in a section, or on the whole page. */
  words(heading?: string): Set<string> {
    return wordsIn(heading === undefined ? this.text : this.section(heading));
  }

  /** Returns the rows of a section's table, without its header. `table` is an index from 0. */
  rows(heading: string, table = 0): string[][] {
    const tables = this.section(heading).match(/(^\|.*\n)+/gm) ?? [];
    const lines = (tables[table] ?? '').trim().split('\n');
    return lines.slice(2).map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  }

  /** The names in a column of the first table, for each row. */
  column(heading: string, index = 0): string[] {
    return this.rows(heading).map((cells) => [...wordsIn(cells[index] ?? '')].join(' '));
  }

  private section(heading: string): string {
    const [, section] = this.text.split(`\n## ${heading}\n`);
    if (section === undefined) throw new Error(`The page has no section "${heading}".`);
    return `${section.split('\n## ')[0] ?? ''}\n`;
  }
}

/** The names in what is written as code: `{ count, perMs }` are two. */
export function wordsIn(text: string): Set<string> {
  const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside = '']) => inside);
  return new Set(code.join(' ').match(/[A-Za-z_][\w-]*/g));
}
