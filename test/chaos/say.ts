/** Tells the person in front of the terminal; what passes matters only until the next line. */
export type Say = (line: string, isPassing?: boolean) => void;

/** What passes is overwritten on a terminal and left out elsewhere. */
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
