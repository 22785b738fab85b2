#!lua flags=allow-oom
-- Drops the oldest dead letters of groups, where they are limited by choice.
--
-- KEYS -> groups' dead letters
-- ARGV[1] -> how many to drop at most, of each
-- ARGV[2…] -> for each: how old one may become, ms, or ''; how many there may be, or ''
-- Output: for each a list of what was dropped: {entry id, 'age' or 'count', history or '', message's own id or ''}; or
--         why it cannot be limited
local limit = ARGV[1]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function drop(dead, maxAgeMs, maxCount)
  local surplus = maxCount and redis.call('XLEN', dead) - maxCount or 0
  local oldest = maxAgeMs and now - maxAgeMs or 0
  local dropped = {}
  -- Mostly there is nothing to drop, which the first one tells.
  local first = redis.call('XRANGE', dead, '-', '+', 'COUNT', 1)[1]
  if not first or (surplus <= 0 and tonumber(string.match(first[1], '^%d+')) >= oldest) then return dropped end
  for _, entry in ipairs(redis.call('XRANGE', dead, '-', '+', 'COUNT', limit)) do
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
end

local results = {}
for index, dead in ipairs(KEYS) do
  -- One of another type must not hold up the others.
  local ok, dropped = pcall(drop, dead, tonumber(ARGV[index * 2]), tonumber(ARGV[index * 2 + 1]))
  if not ok then dropped = type(dropped) == 'table' and dropped.err or tostring(dropped) end
  results[index] = dropped
end
return results
