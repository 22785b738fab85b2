export const GROUP = 'bench';

export function rawKey(path: string): string {
  return `raw:${path}`;
}
