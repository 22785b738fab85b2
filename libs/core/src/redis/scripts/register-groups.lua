#!lua flags=allow-oom
-- Adds a group to the registry on some routes, and returns those on which it may be created.
--
-- Invariant: what a person deleted or removed returns only when a person declares it or a publish revives it, never
-- because a running process misses it.
--
-- KEYS[1] -> registry
-- KEYS[2] -> notes of its changes
-- KEYS[3] -> tombstones
-- ARGV[1] -> group
-- ARGV[2] -> 'declare': also where the route is deleted; 'start': not there; 'again': nor where the group was removed
-- ARGV[3…] -> paths
-- Output: the paths on which it may be created
local registry, group, how = KEYS[1], ARGV[1], ARGV[2]
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

-- part: note-change

local function isBarred(path)
  if how == 'declare' then return false end
  if redis.call('HEXISTS', registry, 'deleted:' .. path) == 1 then return true end
  if redis.call('ZSCORE', KEYS[3], path) then return true end
  return how == 'again' and redis.call('HEXISTS', registry, 'removed:' .. group .. ':' .. path) == 1
end

local allowed, changed = {}, {}
for i = 3, #ARGV do
  local path = ARGV[i]
  if not isBarred(path) then
    local name = group .. ':' .. path
    local removed = {'deleted:' .. path, 'removed:' .. name, 'former:' .. name}
    local count = redis.call('HDEL', registry, unpack(removed))
      + redis.call('ZREM', KEYS[3], path)
      + redis.call('HSETNX', registry, 'route:' .. path, now)
      + redis.call('HSET', registry, 'group:' .. name, now)
    if count > 0 then
      for _, field in ipairs({'route:' .. path, 'group:' .. name, unpack(removed)}) do changed[#changed + 1] = field end
    end
    allowed[#allowed + 1] = path
  end
end
if #changed > 0 then noteChange(registry, KEYS[2], changed) end
return allowed
