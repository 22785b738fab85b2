import { defineScript, listOf, oneOf } from './script.js';
import * as lua from './scripts.generated.js';

const asText = (raw: unknown): string => raw as string;

export const registerRouteScript = defineScript({
  lua: lua.registerRouteLua,
  keys: ['registry', 'changes', 'tombstones', 'used'],
  args: ['path'],
  reply: oneOf('new', 'revived', 'known'),
});

/** Takes paths as further arguments; returns those on which the group may be created. */
export const registerGroupsScript = defineScript({
  lua: lua.registerGroupsLua,
  keys: ['registry', 'changes', 'tombstones'],
  args: ['group', 'how'],
  reply: listOf(asText),
});

/** Takes paths as further arguments. */
export const touchGroupsScript = defineScript({
  lua: lua.touchGroupsLua,
  keys: ['registry'],
  args: ['group'],
  reply: Number,
});

/** Returns the route's present and former groups. */
export const buryRouteScript = defineScript({
  lua: lua.buryRouteLua,
  keys: ['registry', 'changes', 'tombstones', 'used'],
  args: ['path'],
  reply: listOf(asText),
});

/** Takes alternating fields and values; without any, records that the recurring sends have changed. */
export const changeRegistryScript = defineScript({
  lua: lua.changeRegistryLua,
  keys: ['registry', 'changes'],
  args: [],
  reply: Number,
});

export const createGroupScript = defineScript({
  lua: lua.createGroupLua,
  keys: ['log', 'inbox', 'keepers'],
  args: ['group', 'from', 'keepsExpired'],
  reply: oneOf('created', 'known'),
});
