import { normalizePath } from '../message/index.js';

/** What a route is told for all its services; kept in Redis, so that they need not agree beforehand. */
export interface RouteSettings {
  /** Unfinished messages beyond which a publish is refused. */
  readonly maxLength?: number;
  /** Which finished messages are kept. */
  readonly retention?: { readonly count: number } | { readonly ageMs: number };
  /** Which dead letters are kept; all unless told. Each one that is dropped is an event. */
  readonly deadLetters?: { readonly maxAgeMs?: number; readonly maxCount?: number };
}

/** A group as the registry knows it. */
export interface RegisteredGroup {
  readonly path: string;
  readonly group: string;
  /** When one of its consumers last said that it is there: epoch ms, the server's clock. */
  readonly seenAt: number;
  /** Since when it is paused: epoch ms; undefined when it is not. */
  readonly pausedAt: number | undefined;
}

/** A route as the registry knows it. */
export interface RegisteredRoute {
  readonly path: string;
  /** Epoch ms, the server's clock. */
  readonly createdAt: number;
  readonly settings: RouteSettings;
  /** Since when it is deleted: epoch ms; publishing to it revives it. */
  readonly deletedAt: number | undefined;
  readonly groups: readonly RegisteredGroup[];
  /** Groups that were removed; they come back when they are declared, or their service starts. */
  readonly removedGroups: readonly string[];
  /** Groups that went with the route when it was deleted; they come back with it. */
  readonly formerGroups: readonly string[];
}

type Mutable = {
  -readonly [
    Name in Exclude<keyof RegisteredRoute, 'path'>
  ]: RegisteredRoute[Name] extends readonly (infer Item)[] ? Item[] : RegisteredRoute[Name];
};

/** Is told of a field that this version cannot read, which is left out. */
export type OnUnreadable = (field: string, value: string) => void;

/** A field of the registry, apart from its value. */
export interface RegistryField {
  readonly kind: 'route' | 'deleted' | 'removed' | 'former' | 'setting' | 'group' | 'paused';
  /** The group, or the setting. */
  readonly name: string;
  readonly path: string;
}

const OF_A_PATH = new Set(['route', 'deleted']);
const OF_A_NAME = new Set(['removed', 'former', 'setting', 'group', 'paused']);
/** Fields about the registry itself. */
const OWN = new Set(['version', 'stamp', 'format']);

/** Tells the parts of a field's name apart; undefined for one about the registry itself, or of a kind not known. Pure. */
export function splitField(field: string): RegistryField | undefined {
  const [kind = '', rest = ''] = split(field);
  if (OF_A_PATH.has(kind)) return fieldOf(kind, '', rest);
  if (!OF_A_NAME.has(kind)) return undefined;
  const [name = '', path = ''] = split(rest);
  return fieldOf(kind, name, path);
}

/** Whether a field is about the registry itself. Pure. */
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
 * Reads a route from the fields that are about it. A value that this version does not understand, of a newer one, a
 * foreign tool or a mistake, is left out. Pure.
 *
 * @returns undefined if nothing but what belongs to a route is left of it
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
    // It is part of its group, and alone it says nothing.
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

/** Undefined for a setting, or a form of one, that is not known. */
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

/** Whether it is an object with some of these names, each a whole number of at least so much, and no others. */
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

/** Epoch ms; 0 for what is none, because the field says enough by being there. */
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

/** Undefined where the path or the name is none of ours: nothing that is read is to become a key or a file's name. */
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
