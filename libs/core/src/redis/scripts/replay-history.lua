#!lua
-- Delivers past messages again to one group, a page at a time.
--
-- Invariant: the copies and the cursor move in one step and only from the cursor that the caller saw, so that a replay
-- that is stopped anywhere, or run by two processes, copies each message once. While it is noted here, trimming keeps
-- what lies before it.
--
-- KEYS[1] -> log
-- KEYS[2] -> group's inbox
-- KEYS[3] -> replays of the route: id -> "<cursor> <JSON of what it is>"
-- KEYS[4] -> expiry
-- ARGV[1] -> replay's id
-- ARGV[2] -> cursor as the caller saw it: everything up to that entry has been looked at
-- ARGV[3] -> cursor from now on
-- ARGV[4…] -> ids of the entries to deliver
-- Output: how many were there to be delivered; -1 when the replay was cancelled, or somebody else has moved it on
local log, inbox, replays, expiry = unpack(KEYS)
for key, wanted in pairs({[inbox] = 'stream', [expiry] = 'zset'}) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. wanted)
  end
end

local noted = redis.call('HGET', replays, ARGV[1])
if not noted then return -1 end
local cursor, what = string.match(noted, '^(%S+) (.*)$')
if cursor ~= ARGV[2] then return -1 end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function bodyOf(id, fields)
  local history = {origin = id, attempts = 0, crashes = 0, replays = 1}
  local body, expiresAt = {'m', cjson.encode(history)}, nil
  for i = 1, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    if name == 'x' then
      expiresAt = now + tonumber(value) - tonumber(string.match(id, '^%d+'))
      value = string.format('%.0f', expiresAt)
    end
    body[#body + 1] = name
    body[#body + 1] = value
  end
  return body, expiresAt
end

local delivered = 0
for i = 4, #ARGV do
  local entry = redis.call('XRANGE', log, ARGV[i], ARGV[i])[1]
  if entry then
    local body, expiresAt = bodyOf(entry[1], entry[2])
    local again = redis.call('XADD', inbox, '*', unpack(body))
    if expiresAt then
      local member = string.match(inbox, ':(inbox:[^:]+)$') .. '|' .. again
      redis.call('ZADD', expiry, string.format('%.0f', expiresAt), member)
    end
    delivered = delivered + 1
  end
end
redis.call('HSET', replays, ARGV[1], ARGV[3] .. ' ' .. what)
return delivered
