#!lua flags=allow-oom
-- Leaves a tombstone for a route, before its data goes: consumers stop with a warning instead of creating it anew.
--
-- Invariant: the names of its groups stay known, as former ones, so that whoever deletes can begin again after a crash
-- and finds the dead letters that were kept.
--
-- Tombstones that are old are forgotten, a few at each call; not while dead letters of the route may be there. Where the
-- route had groups, the tombstone is in the registry too: older versions look for it there.
--
-- KEYS[1] -> registry
-- KEYS[2] -> notes of its changes
-- KEYS[3] -> tombstones
-- KEYS[4] -> when each route was used
-- ARGV[1] -> path
-- ARGV[2] -> how long a tombstone is kept, ms
-- Output: all groups that the route has, or had
local FORGOTTEN_PER_CALL = 10
local registry, tombstones, path = KEYS[1], KEYS[3], ARGV[1]
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

-- part: note-change

local BY_NAME = {group = true, former = true, removed = true, paused = true, setting = true}
local changed = {}

-- Calls back for each field that is about a path and a name. Redis matches: that takes a tenth of the time that it takes here.
local function eachNamed(of, act)
  local pattern = '*:' .. string.gsub(of, '[%*%?%[%]%^\\]', '\\%0')
  local cursor = '0'
  repeat
    local page = redis.call('HSCAN', registry, cursor, 'MATCH', pattern, 'COUNT', 1000)
    cursor = page[1]
    for i = 1, #page[2], 2 do
      local kind, name, rest = string.match(page[2][i], '^(%a+):([^:]+):(.*)$')
      if rest == of and BY_NAME[kind] then act(kind, name, page[2][i]) end
    end
  until cursor == '0'
end

local function drop(field)
  redis.call('HDEL', registry, field)
  changed[#changed + 1] = field
end

local function forget(old)
  local removed, isKept = {}, false
  if redis.call('HEXISTS', registry, 'deleted:' .. old) == 1 then
    eachNamed(old, function(kind, _, field)
      if kind == 'removed' then removed[#removed + 1] = field else isKept = true end
    end)
  end
  if isKept then return redis.call('ZADD', tombstones, now, old) end
  for _, field in ipairs(removed) do drop(field) end
  redis.call('ZREM', tombstones, old)
  drop('deleted:' .. old)
end

local groups = {}
eachNamed(path, function(kind, name, field)
  if kind == 'group' then
    redis.call('HSET', registry, 'former:' .. name .. ':' .. path, now)
    changed[#changed + 1] = 'former:' .. name .. ':' .. path
  end
  if kind == 'group' or kind == 'former' or kind == 'removed' then groups[name] = true end
  if kind ~= 'former' and kind ~= 'removed' then drop(field) end
end)
drop('route:' .. path)
changed[#changed + 1] = 'deleted:' .. path
if next(groups) then redis.call('HSET', registry, 'deleted:' .. path, now) end
redis.call('ZADD', tombstones, now, path)
redis.pcall('ZREM', KEYS[4], path)
local before = string.format('%.0f', tonumber(now) - tonumber(ARGV[2]))
for _, old in ipairs(redis.call('ZRANGEBYSCORE', tombstones, '-inf', before, 'LIMIT', 0, FORGOTTEN_PER_CALL)) do
  if old ~= path then forget(old) end
end
noteChange(registry, KEYS[2], changed)

local names = {}
for name in pairs(groups) do names[#names + 1] = name end
return names
