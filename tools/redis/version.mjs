/** The oldest servers that the engine supports. */
export const MINIMUM_VERSION = Object.freeze({ redis: '7.0', valkey: '7.2' });

/**
 * @param {string} output what `redis-server --version` or `valkey-server --version` prints
 * @returns {{ kind: 'redis' | 'valkey', version: string } | undefined}
 */
export function parseVersion(output) {
  const version = /\bv=(\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (!version) return undefined;
  return { kind: /valkey/i.test(output) ? 'valkey' : 'redis', version };
}

/**
 * @param {{ kind: 'redis' | 'valkey', version: string }} server
 * @returns {boolean}
 */
export function isSupported({ kind, version }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = MINIMUM_VERSION[kind].split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
