#!lua flags=allow-oom
-- Changes facts in the registry in one step. Without any, records that the recurring sends have changed.
--
-- KEYS[1] -> registry
-- KEYS[2] -> notes of its changes
-- ARGV -> field and value in turn: 'now' for this instant, '' to remove the field
-- Output: the version from then on
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
-- part: note-change

local fields = {}
for i = 1, #ARGV, 2 do
  fields[#fields + 1] = ARGV[i]
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1] == 'now' and now or ARGV[i + 1])
  end
end
return noteChange(KEYS[1], KEYS[2], fields)
