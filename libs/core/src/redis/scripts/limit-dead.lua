#!lua flags=allow-oom
-- Drops the oldest dead letters of groups that limit them; one slice per call, bounded in number and bytes over all
-- queues.
--
-- KEYS -> groups' dead letters
-- ARGV[1] -> how many to drop at most
-- ARGV[2…] -> for each: how old one may become, ms, or ''; how many there may be, or ''
-- Output: for each {'more' or 'done', for each that was dropped {entry id, 'age' or 'count', history or '', message's own
--         id or ''}…}; or why it cannot be limited
local dropsLeft, bytesLeft = tonumber(ARGV[1]), 2 ^ 20
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function textsOf(fields)
  local history, own = '', ''
  for i = 1, #fields, 2 do
    bytesLeft = bytesLeft - #fields[i] - #fields[i + 1]
    if fields[i] == 'm' then history = fields[i + 1] end
    if fields[i] == 'i' then own = fields[i + 1] end
  end
  return history, own
end

local function drop(dead, maxAgeMs, maxCount, dropped)
  local surplus = maxCount and redis.call('XLEN', dead) - maxCount or 0
  local oldest = maxAgeMs and now - maxAgeMs or 0
  if surplus <= 0 and not maxAgeMs then return 'done' end
  while dropsLeft > 0 and bytesLeft > 0 do
    -- One at a time, because the size of the next one is unknown.
    local entry = redis.call('XRANGE', dead, '-', '+', 'COUNT', 1)[1]
    if not entry then return 'done' end
    local id = entry[1]
    local because = (surplus > 0 and 'count') or (tonumber(string.match(id, '^%d+')) < oldest and 'age')
    local history, own = textsOf(entry[2])
    if not because then return 'done' end
    redis.call('XDEL', dead, id)
    surplus, dropsLeft = surplus - 1, dropsLeft - 1
    dropped[#dropped + 1] = {id, because, history, own}
  end
  return 'more'
end

local results = {}
for index, dead in ipairs(KEYS) do
  -- A key of another type must not block the others.
  local dropped = {}
  local ok, state = pcall(drop, dead, tonumber(ARGV[index * 2]), tonumber(ARGV[index * 2 + 1]), dropped)
  if ok then results[index] = {state, unpack(dropped)} else
    results[index] = type(state) == 'table' and state.err or tostring(state)
  end
end
return results
