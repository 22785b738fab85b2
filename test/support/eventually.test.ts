import { EventEmitter } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { eventually, nextEvent } from './eventually.js';

describe('eventually', () => {
  it('resolves with the result of the first call that succeeds', async () => {
    let calls = 0;
    const result = await eventually(() => {
      calls += 1;
      if (calls === 1) throw new Error('too early');
      return calls === 2 ? false : calls;
    });
    expect(result).toBe(3);
  });

  it('rejects with the last failure when time is up', async () => {
    const never = eventually(
      () => {
        throw new Error('nothing came');
      },
      { timeoutMs: 30 },
    );
    await expect(never).rejects.toThrow('not within 30 ms: nothing came');
  });
});

describe('nextEvent', () => {
  it('waits for the next event of its name and leaves no listener behind', async () => {
    const emitter = new EventEmitter();
    const next = nextEvent<number>(emitter, 'settled');
    emitter.emit('delivered', 1);
    emitter.emit('settled', 2);
    emitter.emit('settled', 3);

    expect(await next).toBe(2);
    expect(emitter.listenerCount('settled')).toBe(0);
  });

  it('rejects when no such event comes', async () => {
    const emitter = new EventEmitter();
    await expect(nextEvent(emitter, 'settled', { timeoutMs: 20 })).rejects.toThrow(
      "no 'settled' event within 20 ms",
    );
    expect(emitter.listenerCount('settled')).toBe(0);
  });
});
