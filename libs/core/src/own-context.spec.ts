import { AsyncLocalStorage } from 'node:async_hooks';

import { describe, expect, it, jest } from '@jest/globals';

const storage = new AsyncLocalStorage<string>();
const current = (): string | undefined => storage.getStore();

describe('an own async context', () => {
  it('is empty even when the package was loaded inside a request', async () => {
    jest.resetModules();
    const { inOwnContext } = await storage.run('request', () => import('./own-context.js'));
    expect(inOwnContext(current)).toBeUndefined();
    expect(storage.run('caller', () => inOwnContext(current))).toBeUndefined();
  });

  it('shows a store that is entered in it only to itself and to what it starts', async () => {
    const { inOwnContext } = await import('./own-context.js');
    const started = inOwnContext(async () => {
      storage.enterWith('own');
      await Promise.resolve();
      return current();
    });
    expect([current(), inOwnContext(current), await started]).toEqual([
      undefined,
      undefined,
      'own',
    ]);
  });

  it('sees nothing of an outer context, nor of an earlier one that failed', async () => {
    const { inOwnContext } = await import('./own-context.js');
    const inner = inOwnContext(() => {
      storage.enterWith('outer');
      return inOwnContext(current);
    });
    const fail = (): never => {
      storage.enterWith('failed');
      throw new Error('after entering');
    };
    expect(() => inOwnContext(fail)).toThrow('after entering');
    expect([inner, inOwnContext(current)]).toEqual([undefined, undefined]);
  });

  it('passes on arguments, results and errors', async () => {
    const { inOwnContext } = await import('./own-context.js');
    expect(inOwnContext((a: number, b: number) => a + b, 1, 2)).toBe(3);
    expect(() =>
      inOwnContext(() => {
        throw new Error('as it was');
      }),
    ).toThrow('as it was');
  });
});
