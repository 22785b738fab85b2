import { afterEach, describe, expect, jest, test } from '@jest/globals';
import * as classTransformer from 'class-transformer';
import * as classValidator from 'class-validator';

import type * as Validation from './index.js';

const INSTALLED = { 'class-validator': classValidator, 'class-transformer': classTransformer };

/** Loads the module again while importing these packages fails with `error`. */
async function without(names: readonly string[], error?: Error): Promise<typeof Validation> {
  jest.resetModules();
  for (const [name, installed] of Object.entries(INSTALLED)) {
    jest.unstable_mockModule(name, () => {
      if (!names.includes(name)) return installed;
      const code = 'ERR_MODULE_NOT_FOUND';
      throw error ?? Object.assign(new Error(`Cannot find package '${name}'`), { code });
    });
  }
  return import('./index.js');
}

class Anything {
  name!: string;
}

describe('class-validator and class-transformer', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('without both nothing is validated, and nothing breaks', async () => {
    const { classValidation, PayloadValidation } = await without(Object.keys(INSTALLED));
    expect(await classValidation()).toBeUndefined();
    const payload = { a: 1 };
    const metadata = { type: 'body', metatype: Anything } as const;
    expect(await new PayloadValidation().transform(payload, metadata)).toBe(payload);
  });

  test('without class-transformer nothing is validated, and a warning says so', async () => {
    const { classValidation } = await without(['class-transformer']);
    const { Logger } = await import('@nestjs/common');
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    expect(await classValidation()).toBeUndefined();
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('class-transformer is not'));
  });

  test('a package that is there but cannot be loaded is a failure', async () => {
    const { classValidation } = await without(['class-validator'], new SyntaxError('half of it'));
    await expect(classValidation()).rejects.toThrow('half of it');
  });

  test('with both, classes are covered that have decorators, their own or inherited ones', async () => {
    const { classValidation } = await without([]);
    class Base {
      @classValidator.IsString()
      name!: string;
    }
    class Derived extends Base {}
    const validation = await classValidation();
    expect(validation?.covers(Base)).toBe(true);
    expect(validation?.covers(Derived)).toBe(true);
    for (const other of [Anything, Object, String, Array, undefined, null, 'Base', {}]) {
      expect(validation?.covers(other)).toBe(false);
    }
  });
});
