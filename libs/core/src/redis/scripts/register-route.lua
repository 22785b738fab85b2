#!lua flags=allow-oom
-- Makes a route known to the registry, because somebody publishes to it.
--
-- Invariant: a route is known or deleted, never both and never neither. Harmless when repeated.
--
-- KEYS[1] -> registry
-- ARGV[1] -> path
-- Output: 'new', 'revived' or 'known'
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

local revived = redis.call('HDEL', KEYS[1], 'deleted:' .. ARGV[1])
local added = redis.call('HSETNX', KEYS[1], 'route:' .. ARGV[1], now)
if revived + added == 0 then return 'known' end
redis.call('HINCRBY', KEYS[1], 'version', 1)
return revived == 1 and 'revived' or 'new'
