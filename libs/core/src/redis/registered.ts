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

/** Tells the fields of the registry's hash apart. Pure. */
export function readRoutes(fields: Readonly<Record<string, string>>): RegisteredRoute[] {
  const routes = new Map<string, Mutable>();
  const routeOf = (path: string): Mutable => {
    const known = routes.get(path) ?? newRoute();
    routes.set(path, known);
    return known;
  };
  for (const [field, value] of Object.entries(fields)) {
    const [kind = '', rest = ''] = split(field);
    const [name = '', path = ''] = split(rest);
    if (kind === 'route') routeOf(rest).createdAt = Number(value) || 0;
    else if (kind === 'deleted') routeOf(rest).deletedAt = Number(value);
    else if (kind === 'removed') routeOf(path).removedGroups.push(name);
    else if (kind === 'former') routeOf(path).formerGroups.push(name);
    else if (kind === 'setting') {
      const route = routeOf(path);
      route.settings = { ...route.settings, [name]: JSON.parse(value) as unknown };
    } else if (kind === 'group') {
      const paused = fields[`paused:${rest}`];
      const pausedAt = paused === undefined ? undefined : Number(paused);
      routeOf(path).groups.push({ path, group: name, seenAt: Number(value), pausedAt });
    }
  }
  return [...routes].map(([path, route]) => ({ path, ...route }));
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

function split(text: string): [string, string] | [] {
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [text.slice(0, colon), text.slice(colon + 1)];
}
