import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/**
 * Distances that place a module in Nest's order of hooks. Nest runs start hooks from the greatest distance to the least, and
 * shutdown hooks from the least to the greatest. By default the distance is the depth of the import, and global modules start
 * first and end last.
 */
export const HOOK_DISTANCE = Object.freeze({
  /** Starts after all other modules and stops before them. */
  startsLastStopsFirst: Number.MIN_SAFE_INTEGER,
  /** Starts before any other module and stops after all others. */
  startsFirstStopsLast: Number.MAX_VALUE,
});

/** Sets a module's distance. Call it in the module's constructor: the order is fixed from the first hook on. */
export function placeModule(modules: ModulesContainer, type: Type, distance: number): void {
  for (const module of modules.values()) {
    if (module.metatype === type) module.distance = distance;
  }
}
