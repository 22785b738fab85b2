#!lua flags=allow-oom
-- Removes routes from the registry that are empty and were not used for a long time, and old tombstones.
--
-- Invariant: nothing is removed that the caller has not seen in its present state: if the registry has changed since,
-- the script does nothing. A publisher that has not seen the removal may still append to such a route; its path is
-- noted and checked again later.
--
-- KEYS[1] -> registry
-- KEYS[2] -> notes of its changes
-- KEYS[3] -> tombstones
-- KEYS[4] -> when each route was used
-- KEYS[5] -> routes that were forgotten
-- ARGV[1] -> version of the registry that the caller has seen
-- ARGV[2] -> how long a route must not have been used, ms
-- ARGV[3…] -> for each route: path, number of its fields, the fields
-- Output: 'forgotten' or 'changed'
local registry, changes, tombstones, used, forgotten = unpack(KEYS)
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- part: note-change

if tonumber(redis.call('HGET', registry, 'version') or 0) ~= tonumber(ARGV[1]) then return 'changed' end
local changed = {}
local at = 3
while ARGV[at] do
  local path, count = ARGV[at], tonumber(ARGV[at + 1])
  local usedAt = redis.call('ZSCORE', used, path)
  -- To use one again changes nothing in the registry as long as it is known.
  if not usedAt or now - tonumber(usedAt) >= tonumber(ARGV[2]) then
    redis.call('ZADD', forgotten, string.format('%.0f', now), path)
    for i = at + 2, at + 1 + count do
      redis.call('HDEL', registry, ARGV[i])
      changed[#changed + 1] = ARGV[i]
    end
    redis.call('ZREM', tombstones, path)
    redis.call('ZREM', used, path)
  end
  at = at + 2 + count
end
if #changed > 0 then noteChange(registry, changes, changed) end
return 'forgotten'
