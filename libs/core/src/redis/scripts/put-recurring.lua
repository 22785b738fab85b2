#!lua
-- Creates or changes a recurring send.
--
-- Invariant: while its rule stays the same, its due instant stays too. A process that declares it at every start
-- therefore neither skips nor repeats an instant. One that ended, at the end of the year 9999, becomes due again:
-- earlier versions mistook an instant that they could not compute for the last one.
--
-- KEYS[1] -> recurring sends of the route
-- KEYS[2] -> their ticks
-- ARGV[1] -> id
-- ARGV[2] -> rule, JSON
-- ARGV[3] -> how it is sent, JSON
-- ARGV[4] -> payload
-- ARGV[5] -> headers or ''
-- ARGV[6] -> when it is due next by this rule, epoch ms
-- Output: {'planned' or 'kept', when it is due next}
local recurring, ticks = KEYS[1], KEYS[2]
local id, rule, how, data, headers, nextDue = unpack(ARGV)
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
local fields = {'rule:' .. id, 'send:' .. id, 'data:' .. id, 'headers:' .. id}
local values = {rule, how, data, headers}

-- Both reads come before the first write, because one of them may find a key of another type.
local due = redis.call('ZSCORE', ticks, id)
local before = redis.call('HMGET', recurring, unpack(fields))
local hasChanged = false
for index, value in ipairs(values) do
  if before[index] ~= value then
    redis.call('HSET', recurring, fields[index], value)
    hasChanged = true
  end
end
redis.call('HSETNX', recurring, 'created:' .. id, now)
if hasChanged then redis.call('HSET', recurring, 'updated:' .. id, now) end
local isEnded = due and tonumber(due) >= 253402300799999
if due and not isEnded and before[1] == rule then return {'kept', due} end
redis.call('ZADD', ticks, nextDue, id)
return {'planned', nextDue}
