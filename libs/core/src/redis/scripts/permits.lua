#!lua flags=allow-oom
-- Grants permits to begin deliveries: at most `count` begin within any `perMs`, over all processes.
--
-- Invariant: a permit is valid for a while after the request, and counts as if it were used at the last moment.
--
-- KEYS[1] -> until when the latest permits may be used: ZSET, member -> epoch ms
-- ARGV[1] -> count
-- ARGV[2] -> perMs
-- ARGV[3] -> how many are wanted
-- ARGV[4] -> a name that no other call has
-- ARGV[5] -> for how long the permits may be used, from when they were asked for, ms
-- ARGV[6] -> the longest that any process asks for, ms
-- ARGV[7], ARGV[8], ARGV[9] -> name of an earlier call, and the first and last of its permits that came too late to be used:
--         nobody uses them any more, so they count no more
-- Output: {granted, ms until the next one can be had, 0 if that is now}
local count, perMs, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
-- The server's time is rounded down.
local usableUntil = string.format('%.0f', now + tonumber(ARGV[5]) + 1)
for i = tonumber(ARGV[8]), tonumber(ARGV[9]) do redis.call('ZREM', KEYS[1], ARGV[7] .. ':' .. i) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - perMs))
-- Granted before the server's clock was set back, perhaps just now.
local tooLate = string.format('(%.0f', now + tonumber(ARGV[6]) + 1)
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], tooLate, '+inf')) do
  redis.call('ZADD', KEYS[1], usableUntil, member)
end
local granted = math.min(wanted, math.max(0, count - redis.call('ZCARD', KEYS[1])))
for i = 1, granted do
  redis.call('ZADD', KEYS[1], usableUntil, ARGV[4] .. ':' .. i)
end
redis.call('PEXPIRE', KEYS[1], perMs + tonumber(ARGV[6]) + 1)
if granted == wanted then return {granted, 0} end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
return {granted, math.max(1, tonumber(oldest) + perMs - now + 1)}
