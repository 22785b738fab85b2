#!lua flags=allow-oom
-- Records that the process of a replay is alive.
--
-- KEYS[1] -> replays of the route
-- ARGV[1] -> replay's id
-- Output: 1, or 0 when it is finished or was cancelled

-- part: replay-note

local noted = redis.call('HGET', KEYS[1], ARGV[1])
if not noted then return 0 end
local time = redis.call('TIME')
local cursor, what = string.match(noted, '^(%S+) (.*)$')
if not cursor then return 0 end
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], ARGV[1], cursor .. ' ' .. seenNow(what, now))
return 1
