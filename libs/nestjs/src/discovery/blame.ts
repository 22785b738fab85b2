import { ConfigError } from '@leanmq/core';

/** Begins the text of a mistake in the configuration with the place to look at. */
export function blaming(where: string, error: unknown): unknown {
  if (!(error instanceof ConfigError)) return error;
  return new ConfigError(`${where}: ${error.message}`, { code: error.code, cause: error });
}
