#!lua flags=allow-oom
-- Changes facts of the registry together.
--
-- KEYS[1] -> registry
-- ARGV -> field and value in turn: 'now' for this instant, '' to remove the field
-- Output: the version from then on
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
for i = 1, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] == 'now' and now or ARGV[i + 1])
  end
end
return redis.call('HINCRBY', KEYS[1], 'version', 1)
