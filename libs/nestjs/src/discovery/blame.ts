import { ConfigError } from '@leanmq/core';

/** Prefixes the message of a configuration error with its place in the code. */
export function blaming(where: string, error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  return new ConfigError(`${where}: ${error.message}`, { code: error.code, cause: error });
}
