import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/**
 * Nest calls the hooks of modules one module after the other: those that start things from the greatest distance to the
 * least, those that end them from the least to the greatest. A distance usually says how deep a module is imported, and
 * that global modules come first and go last.
 */
export const HOOK_DISTANCE = Object.freeze({
  /** Starts when all others have started, stops before any other does. */
  startsLastStopsFirst: Number.MIN_SAFE_INTEGER,
  /** There before any other, and until all others are gone. */
  startsFirstStopsLast: Number.MAX_VALUE,
});

/** Call it in the constructor of the module: before the first hook, from then on the order is fixed. */
export function placeModule(modules: ModulesContainer, type: Type, distance: number): void {
  for (const module of modules.values()) {
    if (module.metatype === type) module.distance = distance;
  }
}
