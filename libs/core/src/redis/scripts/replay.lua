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

-- part: wrong-type
local problem = wrongType({[inbox] = 'stream', [expiry] = 'zset'})
if problem then return problem end

-- part: renewed-fields

local replayed = {}
for _, id in ipairs(ARGV) do
  local entry = redis.call('XRANGE', dead, id, id)[1]
  if entry then
    local fields = entry[2]
    local before = cjson.decode(fields[2])
    local history = {origin = before.origin, attempts = 0, crashes = 0, replays = (before.replays or 0) + 1}
    local body = {'m', cjson.encode(history)}
    local expiresAt = addRenewed(body, fields, 3, tonumber(string.match(before.origin, '^%d+')))
    local again = redis.call('XADD', inbox, '*', unpack(body))
    if expiresAt then
      redis.call('ZADD', expiry, expiresAt, string.match(inbox, ':(inbox:[^:]+)$') .. '|' .. again)
    end
    redis.call('XDEL', dead, id)
    replayed[#replayed + 1] = id
  end
end
return replayed
