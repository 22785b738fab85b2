#!lua flags=allow-oom
-- Records that a group still has a consumer on some routes.
--
-- Invariant: only registered groups are touched: a consumer that has not seen a removal yet does not undo it.
--
-- KEYS[1] -> registry
-- ARGV[1] -> group
-- ARGV[2…] -> paths
-- Output: on how many of them it is registered
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local touched = 0
for i = 2, #ARGV do
  local field = 'group:' .. ARGV[1] .. ':' .. ARGV[i]
  if redis.call('HEXISTS', KEYS[1], field) == 1 then
    redis.call('HSET', KEYS[1], field, now)
    touched = touched + 1
  end
end
return touched
