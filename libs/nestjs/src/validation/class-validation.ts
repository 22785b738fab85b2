import { Logger, type Type } from '@nestjs/common';

import { violationsOf } from './violations.js';

/** class-validator and class-transformer, as far as they are needed. */
export interface ClassValidation {
  /** Whether any class of the process has validation decorators. */
  readonly isUsed: boolean;
  /** Whether it is a class with validation decorators, its own or inherited. */
  covers(type: unknown): type is Type<object>;
  /** @throws what a `@Transform()` of the class throws */
  instantiate(type: Type<object>, plain: object): object;
  /** @returns what is wrong, in words, with `parent` as the way to the instance; nothing when all is well */
  violationsOf(instance: object, parent?: string): Promise<string[]>;
}

let loading: Promise<ClassValidation | undefined> | undefined;

/** Loads the two packages once; undefined where they are not installed, and then nothing is validated. */
export function classValidation(): Promise<ClassValidation | undefined> {
  loading ??= load();
  return loading;
}

async function load(): Promise<ClassValidation | undefined> {
  const [validator, transformer] = await Promise.all([
    ifInstalled(import('class-validator')),
    ifInstalled(import('class-transformer')),
  ]);
  if (validator === undefined) return undefined;
  if (transformer === undefined) {
    new Logger('LeanMQ').warn(
      'class-validator is installed but class-transformer is not: payloads are not validated. Install both.',
    );
    return undefined;
  }
  const { getMetadataStorage, validate } = validator;
  const { plainToInstance } = transformer;
  const covered = new WeakMap<object, boolean>();
  return {
    get isUsed() {
      return getMetadataStorage().hasValidationMetaData;
    },
    covers(type): type is Type<object> {
      if (typeof type !== 'function') return false;
      let answer = covered.get(type);
      if (answer === undefined) {
        const metadata = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
        answer = metadata.length > 0;
        covered.set(type, answer);
      }
      return answer;
    },
    instantiate: (type, plain) => plainToInstance(type, plain),
    // As Nest's ValidationPipe: an object of a class without decorators is nobody's to judge.
    violationsOf: async (instance, parent) =>
      violationsOf(await validate(instance, { forbidUnknownValues: false }), parent),
  };
}

async function ifInstalled<T>(importing: Promise<T>): Promise<T | undefined> {
  try {
    return await importing;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
