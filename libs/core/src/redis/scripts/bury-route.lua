#!lua flags=allow-oom
-- Leaves a tombstone for a route, before its data goes: consumers stop with a warning instead of creating it anew.
--
-- Invariant: the names of its groups stay known, as former ones, so that whoever deletes can begin again after a crash
-- and finds the dead letters that were kept.
--
-- KEYS[1] -> registry
-- ARGV[1] -> path
-- Output: all groups that the route has, or had
local registry, path = KEYS[1], ARGV[1]
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

local BY_NAME = {group = true, former = true, removed = true, paused = true, setting = true}
local groups = {}
for _, field in ipairs(redis.call('HKEYS', registry)) do
  local kind, name, rest = string.match(field, '^(%a+):([^:]+):(.*)$')
  if rest == path and BY_NAME[kind] then
    if kind == 'group' then redis.call('HSET', registry, 'former:' .. name .. ':' .. path, now) end
    if kind == 'group' or kind == 'former' or kind == 'removed' then groups[name] = true end
    if kind ~= 'former' and kind ~= 'removed' then redis.call('HDEL', registry, field) end
  end
end
redis.call('HDEL', registry, 'route:' .. path)
redis.call('HSET', registry, 'deleted:' .. path, now)
redis.call('HINCRBY', registry, 'version', 1)

local names = {}
for name in pairs(groups) do names[#names + 1] = name end
return names
