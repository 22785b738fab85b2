/** Prints a line for the person at the terminal. The next line replaces one that `isPassing`. */
export type Say = (line: string, isPassing?: boolean) => void;

/** Returns a `Say` that overwrites passing lines on a terminal, and omits them elsewhere. */
export function sayer(): Say {
  let width = 0;
  return (line, isPassing = false) => {
    if (isPassing && !process.stderr.isTTY) return;
    const text = isPassing ? line.slice(0, process.stderr.columns - 1) : line;
    process.stderr.write(
      isPassing ? `\r${text.padEnd(width)}` : `${width > 0 ? '\n' : ''}${text}\n`,
    );
    width = isPassing ? text.length : 0;
  };
}
