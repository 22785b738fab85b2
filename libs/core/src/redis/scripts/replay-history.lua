#!lua
-- Delivers past messages to one group again, one page at a time.
--
-- Invariant: the copies and the cursor move in one step, and only from the cursor that the caller read. A replay that
-- stops anywhere, or runs in two processes, therefore copies each message once. While the replay is noted here,
-- trimming keeps the entries after its cursor. An entry that cannot be copied does not block the others.
--
-- KEYS[1] -> log
-- KEYS[2] -> group's inbox
-- KEYS[3] -> replays of the route: id -> "<cursor> <JSON of what it is>"
-- KEYS[4] -> expiry
-- ARGV[1] -> replay's id
-- ARGV[2] -> group
-- ARGV[3] -> cursor as the caller saw it: everything up to that entry has been looked at
-- ARGV[4] -> cursor from now on, if all are delivered
-- ARGV[5] -> maximum bytes to copy; the last message may exceed it
-- ARGV[6…] -> ids of the entries to deliver
-- Output: {how many were delivered, cursor from now on}; {-1} when the replay was cancelled, or another process has moved
--         it on; {-2} when the group is not there
local log, inbox, replays, expiry = unpack(KEYS)
local id, group, left = ARGV[1], ARGV[2], tonumber(ARGV[5])

-- part: wrong-type
local problem = wrongType({[inbox] = 'stream', [expiry] = 'zset'})
if problem then return problem end

-- part: stream-info

-- part: group-is-there

-- part: renewed-fields

-- part: replay-note

local noted = redis.call('HGET', replays, id)
if not noted then return {-1} end
local cursor, what = string.match(noted, '^(%S+) (.*)$')
if cursor ~= ARGV[3] then return {-1} end
if not groupIsThere(inbox, log, group) then return {-2} end

local delivered, reached = 0, ARGV[4]
for i = 6, #ARGV do
  if left <= 0 then
    reached = ARGV[i - 1]
    break
  end
  local entry = redis.call('XRANGE', log, ARGV[i], ARGV[i])[1]
  if entry and #entry[2] <= MAX_FIELDS then
    local body = {'m', cjson.encode({origin = ARGV[i], attempts = 0, crashes = 0, replays = 1})}
    local expiresAt = addRenewed(body, entry[2], 1, tonumber(string.match(ARGV[i], '^%d+')))
    local again = redis.call('XADD', inbox, '*', unpack(body))
    if expiresAt then redis.pcall('ZADD', expiry, expiresAt, 'inbox:' .. group .. '|' .. again) end
    delivered = delivered + 1
    for _, text in ipairs(body) do left = left - #text end
  end
end
redis.call('HSET', replays, id, reached .. ' ' .. seenNow(what, now))
return {delivered, reached}
