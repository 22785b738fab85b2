#!lua flags=allow-oom
-- Grants permits to begin deliveries, so that never more than `count` begin within any `perMs`, over all processes.
--
-- KEYS[1] -> when the latest permits were granted: ZSET, member -> epoch ms
-- ARGV[1] -> count
-- ARGV[2] -> perMs
-- ARGV[3] -> how many are wanted
-- ARGV[4] -> a name that no other call has
-- Output: {granted, ms until the next one can be had, 0 if that is now}
local count, perMs, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - perMs))
local granted = math.min(wanted, math.max(0, count - redis.call('ZCARD', KEYS[1])))
for i = 1, granted do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[4] .. ':' .. i)
end
if granted > 0 then redis.call('PEXPIRE', KEYS[1], perMs) end
if granted == wanted then return {granted, 0} end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return {granted, math.max(1, tonumber(oldest) + perMs - now + 1)}
