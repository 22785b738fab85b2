#!lua flags=allow-oom
-- Makes a scheduled message due now; the next sweep moves it.
--
-- KEYS[1] -> schedule
-- ARGV[1] -> member
-- Output: 1, or 0 when it is no longer scheduled

-- part: schedule-turns

local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not due then return 0 end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if tonumber(due) > now then redis.call('ZADD', KEYS[1], 'XX', scoreOf(KEYS[1], now), ARGV[1]) end
return 1
