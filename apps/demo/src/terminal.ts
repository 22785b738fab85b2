import { styleText } from 'node:util';

import { printable } from '@leanmq/core';

type Style = Parameters<typeof styleText>[0];

/** Colours are for people at a terminal who did not ask for none (https://no-color.org). */
function wantsColour(): boolean {
  return process.stdout.isTTY && !process.env['NO_COLOR'];
}

/** Output and errors of services may hold sequences that steer a terminal. */
function paint(style: Style, text: string): string {
  const safe = printable(text);
  return wantsColour() ? styleText(style, safe) : safe;
}

/** Printer for the story: chapters, plain sentences, and verified facts. */
export const terminal = {
  title: (text: string): void => console.log(`\n${paint('bold', text)}`),
  say: (text: string): void => console.log(`  ${printable(text)}`),
  /** Details of the sentence before. */
  detail: (text: string): void => console.log(`    ${paint('gray', text)}`),
  /** Something that was checked, and holds. */
  proven: (text: string): void => console.log(`  ${paint('green', '✓')} ${printable(text)}`),
  wrong: (text: string): void => console.log(`  ${paint('red', '✗')} ${printable(text)}`),
  last: (text: string, ok: boolean): void => console.log(`\n${paint(ok ? 'green' : 'red', text)}`),
};

/** Columns of equal width, the first aligned to the left. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number =>
    Math.max(...rows.map((row) => (row[column] ?? '').length));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column)),
      )
      .join('   '),
  );
}
