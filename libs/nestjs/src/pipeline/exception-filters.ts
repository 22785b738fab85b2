import type { ExceptionFilter, Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';

import { CAUGHT_EXCEPTIONS, EXCEPTION_FILTERS } from '../decorators/index.js';
import type { Method } from './callback.js';

type FilterLike = ExceptionFilter | Type<ExceptionFilter>;

/**
 * Returns true if any exception filter catches the error. If none does, Nest is not called: it would log each failed attempt as
 * an unhandled exception.
 */
export function isCaught(
  error: unknown,
  type: object,
  method: Method,
  config: ApplicationConfig,
): boolean {
  const filters: unknown[] = [
    ...boundTo(method),
    ...boundTo(type),
    ...config.getGlobalFilters(),
    ...config.getGlobalRequestFilters().map(({ metatype }) => metatype),
  ];
  return filters.some((filter) => catches(filter as FilterLike, error));
}

function boundTo(target: object): readonly FilterLike[] {
  return (Reflect.getMetadata(EXCEPTION_FILTERS, target) ?? []) as FilterLike[];
}

function catches(filter: FilterLike | null, error: unknown): boolean {
  const type = typeof filter === 'function' ? filter : filter?.constructor;
  const caught = (type && Reflect.getMetadata(CAUGHT_EXCEPTIONS, type)) as Type[] | undefined;
  // `@Catch()` catches everything; unknown metadata is left to Nest.
  if (caught === undefined || caught.length === 0) return true;
  return caught.some((each) => error instanceof each);
}
