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

-- part: wrong-type
local problem = wrongType({[inbox] = 'stream', [expiry] = 'zset'})
if problem then return problem end

local noted = redis.call('HGET', replays, ARGV[1])
if not noted then return -1 end
local cursor, what = string.match(noted, '^(%S+) (.*)$')
if cursor ~= ARGV[2] then return -1 end

-- part: renewed-fields

local delivered = 0
for i = 4, #ARGV do
  local entry = redis.call('XRANGE', log, ARGV[i], ARGV[i])[1]
  if entry then
    local body = {'m', cjson.encode({origin = ARGV[i], attempts = 0, crashes = 0, replays = 1})}
    local expiresAt = addRenewed(body, entry[2], 1, tonumber(string.match(ARGV[i], '^%d+')))
    local again = redis.call('XADD', inbox, '*', unpack(body))
    if expiresAt then
      local member = string.match(inbox, ':(inbox:[^:]+)$') .. '|' .. again
      redis.call('ZADD', expiry, expiresAt, member)
    end
    delivered = delivered + 1
  end
end
redis.call('HSET', replays, ARGV[1], ARGV[3] .. ' ' .. what)
return delivered
