#!lua
-- Delivers dead letters of one group again, to that group only.
--
-- Invariant: a dead letter leaves and its message arrives in the inbox in one step, so that replaying twice delivers
-- once. Attempts, crashes and the time to live begin anew.
--
-- KEYS[1] -> group's dead letters
-- KEYS[2] -> group's inbox
-- KEYS[3] -> expiry
-- ARGV -> entry ids of dead letters
-- Output: the ids that were replayed
local dead, inbox, expiry = KEYS[1], KEYS[2], KEYS[3]
for key, wanted in pairs({[inbox] = 'stream', [expiry] = 'zset'}) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. wanted)
  end
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function bodyOf(fields, history)
  local body = {'m', cjson.encode(history)}
  local expiresAt
  for i = 3, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    if name == 'x' then
      expiresAt = now + tonumber(value) - tonumber(string.match(history.origin, '^%d+'))
      value = string.format('%.0f', expiresAt)
    end
    body[#body + 1] = name
    body[#body + 1] = value
  end
  return body, expiresAt
end

local replayed = {}
for _, id in ipairs(ARGV) do
  local entry = redis.call('XRANGE', dead, id, id)[1]
  if entry then
    local fields = entry[2]
    local before = cjson.decode(fields[2])
    local history = {origin = before.origin, attempts = 0, crashes = 0, replays = (before.replays or 0) + 1}
    local body, expiresAt = bodyOf(fields, history)
    local again = redis.call('XADD', inbox, '*', unpack(body))
    if expiresAt then
      redis.call('ZADD', expiry, string.format('%.0f', expiresAt), string.match(inbox, ':(inbox:[^:]+)$') .. '|' .. again)
    end
    redis.call('XDEL', dead, id)
    replayed[#replayed + 1] = id
  end
end
return replayed
