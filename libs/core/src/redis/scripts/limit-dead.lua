#!lua flags=allow-oom
-- Drops the oldest dead letters of a group, where they are limited by choice.
--
-- KEYS[1] -> group's dead letters
-- ARGV[1] -> how old one may become, ms, or ''
-- ARGV[2] -> how many there may be, or ''
-- ARGV[3] -> how many to drop at most
-- Output: for each one that was dropped {entry id, 'age' or 'count', history or '', message's own id or ''}
local dead, maxAgeMs, maxCount = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local surplus = maxCount and redis.call('XLEN', dead) - maxCount or 0
local oldest = maxAgeMs and now - maxAgeMs or 0

local dropped = {}
-- Mostly there is nothing to drop, which the first one tells.
local first = redis.call('XRANGE', dead, '-', '+', 'COUNT', 1)[1]
if not first or (surplus <= 0 and tonumber(string.match(first[1], '^%d+')) >= oldest) then return dropped end
for _, entry in ipairs(redis.call('XRANGE', dead, '-', '+', 'COUNT', ARGV[3])) do
  local id, fields = entry[1], entry[2]
  local because = (#dropped < surplus and 'count') or (tonumber(string.match(id, '^%d+')) < oldest and 'age')
  if not because then break end
  local history, own = '', ''
  for i = 1, #fields, 2 do
    if fields[i] == 'm' then history = fields[i + 1] end
    if fields[i] == 'i' then own = fields[i + 1] end
  end
  redis.call('XDEL', dead, id)
  dropped[#dropped + 1] = {id, because, history, own}
end
return dropped
