import { ConfigError } from '../errors.js';
import { checkClientOptions, type RedisOptions } from './client-options.js';

const SCHEMES: Readonly<Record<string, { readonly isTls: boolean }>> = Object.freeze({
  redis: { isTls: false },
  valkey: { isTls: false },
  rediss: { isTls: true },
  valkeys: { isTls: true },
});

const ENCODE =
  'In user and password encode every character but letters and digits (encodeURIComponent)';

/**
 * Parses a Redis URL: `redis[s]://[user:password@]host[:port][/db][?option=…]`, `valkey[s]://…`, the same without a
 * scheme, or a socket path. ioredis' own parser is unsafe here: its query overrides options that the guarantees need,
 * and a missing host becomes localhost. Pure.
 *
 * @throws {ConfigError} without the URL, because any unreadable part of it may be a password
 */
export function readUrl(given: string, readMs: number): RedisOptions {
  const text = given.trim();
  if (/^(["'`]).*\1$/s.test(text)) {
    throw malformed(
      'it is in quotation marks, which belong to the file or shell that it comes from',
    );
  }
  if (/\$\{?\w+\}?$|^\$\{/.test(text)) throw malformed('it is a variable that nobody has replaced');
  if (/^:?\d+$/.test(text)) throw malformed('it is a port only; name the host before it');
  if (text.startsWith('/') && !text.startsWith('//')) return readSocket(text, readMs);
  const { scheme, url } = parse(text);
  const { isTls } = SCHEMES[scheme] as { isTls: boolean };
  if (url.hash !== '' || hasAt(url.pathname) || hasAt(url.search)) {
    throw malformed(`it holds a character that ends the part before it. ${ENCODE}`);
  }
  if (url.hostname === '' || /^(undefined|null|nan)$/i.test(url.hostname)) {
    throw malformed('it names no host; is the environment variable set?');
  }
  const query = readQuery(url.searchParams);
  const options: Record<string, unknown> = {
    ...query,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...credentials(url),
  };
  const db = database(url.pathname);
  if (db !== undefined) {
    if (query['db'] !== undefined && query['db'] !== db) {
      throw malformed('it names two databases, in its path and in its query');
    }
    options['db'] = db;
  }
  const isOff = query['tls'] === 'false';
  if (isTls && isOff) throw malformed(`its scheme is "${scheme}" and its query has tls=false`);
  delete options['tls'];
  const checked = checkClientOptions(options, ' (query of its URL)', readMs);
  const profile = query['tls'];
  if (!isTls && (profile === undefined || isOff)) return checked;
  const isProfile = profile !== undefined && profile !== 'true';
  return { ...checked, tls: (isProfile ? profile : {}) as NonNullable<RedisOptions['tls']> };
}

function parse(text: string): { scheme: string; url: URL } {
  const [, name] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
  const scheme = name?.toLowerCase() ?? 'redis';
  if (!Object.hasOwn(SCHEMES, scheme)) {
    throw malformed(
      `its scheme is "${scheme}"; allowed: ${Object.keys(SCHEMES).join(', ')} (for Sentinel give ioredis' options with "sentinels" and "name", for a socket its path)`,
    );
  }
  const rest = name === undefined ? text.replace(/^\/\//, '') : text.slice(name.length + 3);
  try {
    return { scheme, url: new URL(`redis://${rest}`) };
  } catch {
    // The error of `URL` contains the text: do not pass it on.
    throw malformed(`it cannot be parsed${whatOf(rest)}. ${ENCODE}`);
  }
}

/** Names the invalid part of a URL, where it is obvious. */
function whatOf(rest: string): string {
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? '';
  const places = authority.slice(authority.lastIndexOf('@') + 1);
  if (/:(undefined|null|nan)$/i.test(places)) return ': its port is not set';
  // An apparent list may be a password that is not encoded.
  if (/^[^,]+(,[^,]+)+$/.test(places) && !authority.includes('@')) {
    return ': it has several parts (for Sentinel give ioredis\' options with "sentinels" and "name"; Redis Cluster is not supported yet)';
  }
  return '';
}

function readSocket(text: string, readMs: number): RedisOptions {
  const [path = '', query = ''] = text.split(/\?(.*)/s);
  const options = { ...readQuery(new URLSearchParams(query)), path };
  return checkClientOptions(options, ' (query of its path)', readMs);
}

function readQuery(params: URLSearchParams): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of params) {
    if (Object.hasOwn(query, name)) throw malformed('its query has an option twice');
    query[name] = value;
  }
  for (const name of ['host', 'port', 'path', 'sentinels', 'Connector']) {
    if (name in query) throw malformed(`its query has "${name}", which belongs into its authority`);
  }
  return query;
}

function database(pathname: string): string | undefined {
  const name = pathname.slice(1).replace(/\/$/, '');
  if (name === '') return undefined;
  if (/^\d{1,7}$/.test(name)) return name;
  throw malformed(
    `its path is no database; allowed: a whole number, 0 or more, as in redis://host:6379/3. ${ENCODE}`,
  );
}

function credentials(url: URL): { username?: string; password?: string } {
  try {
    const username = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    return {
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
    };
  } catch {
    // The error of decodeURIComponent adds nothing to this message.
    throw malformed(`its user or password has a "%" that begins no escape. ${ENCODE}`);
  }
}

/** Returns true when the "@" that ends the credentials appears too late in a URL. */
function hasAt(text: string): boolean {
  return text.includes('@');
}

function malformed(why: string): ConfigError {
  return new ConfigError(
    `Option "redis" is a URL that LeanMQ cannot use: ${why}${why.endsWith('?') ? '' : '.'}`,
  );
}
