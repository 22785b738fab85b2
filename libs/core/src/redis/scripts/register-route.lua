#!lua flags=allow-oom
-- Adds a route to the registry when a publisher first uses it.
--
-- Invariant: a route is known or deleted, never both and never neither. Safe to repeat.
--
-- KEYS[1] -> registry
-- KEYS[2] -> notes of its changes
-- KEYS[3] -> tombstones
-- KEYS[4] -> when each route was used
-- ARGV[1] -> path
-- Output: 'new', 'revived' or 'known'
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

-- part: note-change

local revived = redis.call('HDEL', KEYS[1], 'deleted:' .. ARGV[1])
revived = math.max(revived, redis.call('ZREM', KEYS[3], ARGV[1]))
local added = redis.call('HSETNX', KEYS[1], 'route:' .. ARGV[1], now)
-- Correctness does not depend on it: a route without it counts as used when it was registered.
redis.pcall('ZADD', KEYS[4], now, ARGV[1])
if revived + added == 0 then return 'known' end
noteChange(KEYS[1], KEYS[2], {'route:' .. ARGV[1], 'deleted:' .. ARGV[1]})
return revived == 1 and 'revived' or 'new'
