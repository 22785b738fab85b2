import { Logger, type Type } from '@nestjs/common';

import { violationsOf } from './violations.js';

/** The functions of class-validator and class-transformer that validation needs. */
export interface ClassValidation {
  /** Returns true if any class of the process has validation decorators. */
  readonly isUsed: boolean;
  /** Returns true for a class with validation decorators, its own or inherited. */
  covers(type: unknown): type is Type<object>;
  /** @throws the exception of a `@Transform()` of the class */
  instantiate(type: Type<object>, plain: object): object;
  /** @returns the violations as text, with `parent` as the path of the instance; empty for a valid one */
  violationsOf(instance: object, parent?: string): Promise<string[]>;
}

let loading: Promise<ClassValidation | undefined> | undefined;

/** Loads the two packages once; undefined if they are not installed, and then nothing is validated. */
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
    // Like Nest's ValidationPipe: an instance of a class without decorators is accepted.
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
