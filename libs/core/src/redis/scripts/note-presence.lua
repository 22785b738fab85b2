#!lua flags=allow-oom
-- Notes that a consumer is there, and since when it works on what it has.
--
-- Full memory does not make it invisible: its group would count as one that nobody reads.
--
-- KEYS[1] -> who is there: HASH, consumer -> until when, epoch ms
-- KEYS[2] -> what this consumer works on
-- ARGV[1] -> consumer
-- ARGV[2] -> lease, ms
-- ARGV[3] -> since when it works on each delivery (JSON), or '' if there is none
-- Output: 'noted'
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], 2 * tonumber(ARGV[2]))
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2]) end
return 'noted'
