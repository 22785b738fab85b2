#!lua flags=allow-oom
-- Ends deliveries that were not a success: each goes where it is to go next and leaves the pending list, in one step.
--
-- Invariant: only the owner of a delivery may do so, and only of the very delivery that it was given (its count): a
-- consumer that lost its lease changes nothing. The message's own fields are copied as they are.
--
-- KEYS[1] -> stream that the entries are pending on: the log or the group's inbox
-- KEYS[2] -> group's inbox
-- KEYS[3] -> group's dead letters
-- KEYS[4] -> schedule
-- KEYS[5] -> scheduled
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- ARGV[3] -> 'log' or 'inbox': which stream KEYS[1] is
-- ARGV[4…] -> for each delivery: entry id, delivery count, where to ('inbox', 'dead' or 'schedule'), delay in ms (for
--             'schedule'), history (JSON, becomes the first field), mark of its idempotency key or ''
-- Output: a word for each delivery: 'moved', 'lost' (not ours any more), 'gone' (its entry was removed), 'dropped' (the
--         group's messages were purged while it was in flight, and it is not tried again)
local stream, inbox, dead, schedule, scheduled = unpack(KEYS)
local group, consumer, source = ARGV[1], ARGV[2], ARGV[3]
local expiry = string.gsub(schedule, 'schedule$', 'expiry')

-- part: wrong-type
local problem = wrongType({[inbox] = 'stream', [dead] = 'stream', [schedule] = 'zset', [scheduled] = 'hash'})
if problem then return problem end

local function isOurs(id, deliveries)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err then return false end
  return pending[1] and pending[1][2] == consumer and pending[1][4] == tonumber(deliveries)
end

local function settle(id)
  redis.call('XACK', stream, group, id)
  if source == 'inbox' then redis.call('XDEL', stream, id) end
end

local function bodyOf(id, history)
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if not entry then return nil end
  local body = {'m', history}
  local fields = entry[2]
  -- An inbox entry's own history comes first and is replaced.
  for i = (source == 'inbox' and fields[1] == 'm') and 3 or 1, #fields do body[#body + 1] = fields[i] end
  return body
end

-- Up to which entry the group's messages were purged; see purge.lua.
local purged = redis.pcall('HGET', string.sub(schedule, 1, -#'schedule' - 1) .. 'purged', source .. ':' .. group)

local function isPurged(id)
  if type(purged) ~= 'string' then return false end
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  local lastMs, lastNumber = string.match(purged, '^(%d+)-(%d+)$')
  ms, number, lastMs, lastNumber = tonumber(ms), tonumber(number), tonumber(lastMs), tonumber(lastNumber)
  return ms < lastMs or (ms == lastMs and number <= lastNumber)
end

local time
local function now()
  time = time or redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function expiryOf(body)
  for i = 1, #body, 2 do
    if body[i] == 'x' then return tonumber(body[i + 1]) end
  end
  return nil
end

local move = {
  inbox = function(body)
    local entry = redis.call('XADD', inbox, '*', unpack(body))
    local expiresAt = expiryOf(body)
    -- Its memory must come back without a reader there too.
    if expiresAt then redis.pcall('ZADD', expiry, string.format('%.0f', expiresAt), 'inbox:' .. group .. '|' .. entry) end
  end,
  dead = function(body) redis.call('XADD', dead, '*', unpack(body)) end,
  schedule = function(body, id, delayMs)
    local member = 'retry:' .. group .. ':' .. source .. ':' .. id
    redis.call('HSET', scheduled, member, cmsgpack.pack({'inbox:' .. group, unpack(body)}))
    -- What will not live to see its retry ends when it expires, not when the retry would be due.
    local due = math.min(now() + tonumber(delayMs), expiryOf(body) or math.huge)
    redis.call('ZADD', schedule, string.format('%.0f', due), member)
  end,
}

local results = {}
for i = 4, #ARGV, 6 do
  local id, deliveries, target, delayMs, history, mark = unpack(ARGV, i, i + 5)
  local result = 'lost'
  if isOurs(id, deliveries) then
    local body = bodyOf(id, history)
    result = body and 'moved' or 'gone'
    -- What is only given back has not failed.
    if target ~= 'inbox' and isPurged(id) then
      result = 'dropped'
    elseif body then
      move[target](body, id, delayMs)
    end
    settle(id)
    -- Whoever has the same key next may run.
    if mark ~= '' and redis.call('GET', mark) == 'running ' .. consumer .. ' ' .. source .. ' ' .. id then
      redis.call('DEL', mark)
    end
  end
  results[#results + 1] = result
end
return results
