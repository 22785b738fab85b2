/**
 * A member of a JSON body by its path, such as `event.id`; undefined if the body is not JSON or has no such member. Pure.
 */
export function bodyMember(body: Buffer, path: string): unknown {
  let at: unknown;
  try {
    at = JSON.parse(body.toString());
  } catch {
    return undefined;
  }
  for (const name of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

/** The same as an id: a text, or a number written as one. */
export function bodyId(body: Buffer, path: string): string | undefined {
  const value = bodyMember(body, path);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
