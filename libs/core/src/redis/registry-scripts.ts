import { defineScript, listOf, oneOf } from './script.js';
import * as lua from './scripts.generated.js';

const asText = (raw: unknown): string => raw as string;

export const registerRouteScript = defineScript({
  lua: lua.registerRouteLua,
  keys: ['registry', 'changes', 'tombstones', 'used'],
  args: ['path'],
  reply: oneOf('new', 'revived', 'known'),
});

/** Followed by paths; the reply are those on which the group may be created. */
export const registerGroupsScript = defineScript({
  lua: lua.registerGroupsLua,
  keys: ['registry', 'changes', 'tombstones'],
  args: ['group', 'how'],
  reply: listOf(asText),
});

/** Followed by paths. */
export const touchGroupsScript = defineScript({
  lua: lua.touchGroupsLua,
  keys: ['registry'],
  args: ['group'],
  reply: Number,
});

/** The reply are the groups that the route has, or had. */
export const buryRouteScript = defineScript({
  lua: lua.buryRouteLua,
  keys: ['registry', 'changes', 'tombstones', 'used'],
  args: ['path'],
  reply: listOf(asText),
});

/** Followed by fields and values in turn; without any it says that the recurring sends have changed. */
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
