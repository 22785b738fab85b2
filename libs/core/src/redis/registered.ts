import { normalizePath } from '../message/index.js';

/** Settings of a queue for all its services. Redis stores them, so the services need not agree beforehand. */
export interface RouteSettings {
  /** Maximum number of unfinished messages; a publish beyond it is refused. @default no limit */
  readonly maxLength?: number;
  /** Finished messages to keep: their number, or their age in ms. @default the option `retention` of `new LeanMQ()` */
  readonly retention?: { readonly count: number } | { readonly ageMs: number };
  /** Dead letters to keep: their age in ms, and their number. Each drop emits `deadLetterDropped`. @default all */
  readonly deadLetters?: { readonly maxAgeMs?: number; readonly maxCount?: number };
}

/** A group in the registry. */
export interface RegisteredGroup {
  readonly path: string;
  readonly group: string;
  /** Latest sign of life of one of its consumers: epoch ms, by the server's clock. */
  readonly seenAt: number;
  /** Time since which the group is paused, epoch ms; undefined when it is not paused. */
  readonly pausedAt: number | undefined;
}

/** A route in the registry. */
export interface RegisteredRoute {
  readonly path: string;
  /** Epoch ms, the server's clock. */
  readonly createdAt: number;
  readonly settings: RouteSettings;
  /** Time of its deletion, epoch ms; undefined when it is not deleted. Publishing revives a deleted route. */
  readonly deletedAt: number | undefined;
  readonly groups: readonly RegisteredGroup[];
  /** Removed groups; declaring one, or starting its service, restores it. */
  readonly removedGroups: readonly string[];
  /** Groups that the route had when it was deleted; they return when it is revived. */
  readonly formerGroups: readonly string[];
}

type Mutable = {
  -readonly [
    Name in Exclude<keyof RegisteredRoute, 'path'>
  ]: RegisteredRoute[Name] extends readonly (infer Item)[] ? Item[] : RegisteredRoute[Name];
};

/** Called with a field that this version cannot read; the field is ignored. */
export type OnUnreadable = (field: string, value: string) => void;

/** Parsed name of a field of the registry. */
export interface RegistryField {
  readonly kind: 'route' | 'deleted' | 'removed' | 'former' | 'setting' | 'group' | 'paused';
  /** Name of the group or the setting. */
  readonly name: string;
  readonly path: string;
}

const OF_A_PATH = new Set(['route', 'deleted']);
const OF_A_NAME = new Set(['removed', 'former', 'setting', 'group', 'paused']);
/** Names of the fields about the registry itself. */
const OWN = new Set(['version', 'stamp', 'format']);

/** Parses the name of a field; undefined for a field about the registry itself, or of an unknown kind. Pure. */
export function splitField(field: string): RegistryField | undefined {
  const [kind = '', rest = ''] = split(field);
  if (OF_A_PATH.has(kind)) return fieldOf(kind, '', rest);
  if (!OF_A_NAME.has(kind)) return undefined;
  const [name = '', path = ''] = split(rest);
  return fieldOf(kind, name, path);
}

/** Returns true for a field about the registry itself. Pure. */
export function isOwnField(field: string): boolean {
  return OWN.has(field);
}

/** Reads all routes from the registry's fields. Pure. */
export function readRoutes(
  fields: Readonly<Record<string, string>>,
  onUnreadable: OnUnreadable = () => undefined,
): RegisteredRoute[] {
  const byPath = new Map<string, Map<string, string>>();
  for (const [field, value] of Object.entries(fields)) {
    const path = splitField(field)?.path;
    if (path === undefined) {
      if (!isOwnField(field)) onUnreadable(field, value);
      continue;
    }
    const own = byPath.get(path) ?? new Map<string, string>();
    byPath.set(path, own.set(field, value));
  }
  return [...byPath]
    .map(([path, own]) => readRoute(path, own, onUnreadable))
    .filter((route) => route !== undefined);
}

/**
 * Reads a route from its fields. Ignores a value that this version does not understand, written by a newer version, a
 * foreign tool or by mistake. Pure.
 *
 * @returns undefined if the fields no longer describe a route
 */
export function readRoute(
  path: string,
  fields: ReadonlyMap<string, string>,
  onUnreadable: OnUnreadable,
): RegisteredRoute | undefined {
  const route = newRoute();
  let isThere = false;
  for (const [field, value] of fields) {
    const { kind, name } = splitField(field) as RegistryField;
    // A pause belongs to its group and means nothing alone.
    if (kind === 'paused') continue;
    isThere = true;
    if (kind === 'route') route.createdAt = instant(value);
    else if (kind === 'deleted') route.deletedAt = instant(value);
    else if (kind === 'removed') route.removedGroups.push(name);
    else if (kind === 'former') route.formerGroups.push(name);
    else if (kind === 'group') {
      const paused = fields.get(`paused:${name}:${path}`);
      const pausedAt = paused === undefined ? undefined : instant(paused);
      route.groups.push({ path, group: name, seenAt: instant(value), pausedAt });
    } else {
      const setting = readSetting(name, value);
      if (setting === undefined) onUnreadable(field, value);
      else route.settings = { ...route.settings, ...setting };
    }
  }
  return isThere ? { path, ...route } : undefined;
}

/** Reads a setting; undefined when its name or form is unknown. */
function readSetting(name: string, text: string): RouteSettings | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (name === 'maxLength') return isWhole(value, 1) ? { maxLength: value } : undefined;
  if (name === 'retention') {
    const isOne = hasWholes(value, { count: 0, ageMs: 0 }) && Object.keys(value).length === 1;
    return isOne ? { retention: value as { count: number } } : undefined;
  }
  if (name !== 'deadLetters') return undefined;
  return hasWholes(value, { maxAgeMs: 1, maxCount: 0 }) ? { deadLetters: value } : undefined;
}

/** Returns true for an object with only these names, each a whole number of at least the given minimum. */
function hasWholes(
  value: unknown,
  least: Readonly<Record<string, number>>,
): value is Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length > 0 &&
    entries.every(([name, each]) => Object.hasOwn(least, name) && isWhole(each, least[name] ?? 0))
  );
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/** Reads an instant, epoch ms; 0 when it is malformed, because the presence of the field alone has a meaning. */
function instant(text: string): number {
  const at = Number(text);
  return Number.isSafeInteger(at) && at > 0 ? at : 0;
}

function newRoute(): Mutable {
  return {
    createdAt: 0,
    settings: {},
    deletedAt: undefined,
    groups: [],
    removedGroups: [],
    formerGroups: [],
  };
}

/** Returns undefined when the path or the name is not valid in LeanMQ: no stored text may become a key or a file name. */
function fieldOf(kind: string, name: string, path: string): RegistryField | undefined {
  if (!isPath(path) || (OF_A_NAME.has(kind) && !/^[A-Za-z0-9._-]{1,128}$/.test(name)))
    return undefined;
  return { kind: kind as RegistryField['kind'], name, path };
}

function isPath(path: string): boolean {
  try {
    return normalizePath(path) === path;
  } catch {
    return false;
  }
}

function split(text: string): [string, string] | [] {
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}
