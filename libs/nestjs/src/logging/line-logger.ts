import { printable } from '@leanmq/core';
import { printableStack } from '@leanmq/core/internal';
import { Logger } from '@nestjs/common';

/** Nest logger for untrusted text: names, ids, errors and payloads cannot break a line or control a terminal. */
export interface LineLogger {
  debug(line: string): void;
  log(line: string): void;
  warn(line: string): void;
  /** @param thrown error whose stack is logged too */
  error(line: string, thrown?: Error): void;
}

export function lineLogger(): LineLogger {
  const logger = new Logger('LeanMQ');
  return {
    debug: (line) => logger.debug(printable(line)),
    log: (line) => logger.log(printable(line)),
    warn: (line) => logger.warn(printable(line)),
    error: (line, thrown) => {
      if (thrown === undefined) logger.error(printable(line));
      else logger.error(printable(line), printableStack(thrown));
    },
  };
}
