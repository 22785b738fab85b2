import { Command } from 'ioredis';

let written = 0;

/**
 * Counts what this process' Redis clients write, each command of a pipeline or a MULTI for itself.
 *
 * The server's own counters (`total_commands_processed`, `INFO commandstats`) cannot tell: they also count what scripts
 * call, ten XADDs of one EVAL as eleven commands. All Redis clients of the contestants are ioredis, which turns each
 * command into bytes exactly once for each time that it is written.
 */
export function countCommands(): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own receiver below
  const original = Command.prototype.toWritable;
  Command.prototype.toWritable = function counted(this: Command, ...args) {
    written += 1;
    return original.apply(this, args);
  };
}

export function commandsWritten(): number {
  return written;
}
