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
-- ARGV[4…] -> for each delivery two: "<entry id> <delivery count> <'inbox', 'dead' or 'schedule'> <delay> <mark>", because
--             each argument costs the client more than its length does; history (JSON, becomes the first field). The
--             delay is in ms and for 'schedule', 0 leads to the inbox at once; the mark of its idempotency key may be ''
-- Output: a word for each delivery: 'moved', 'lost' (not ours any more), 'gone' (its entry was removed), 'dropped' (the
--         group's messages were purged while it was in flight, and it is not tried again)
local stream, inbox, dead, schedule, scheduled = unpack(KEYS)
local group, consumer, source = ARGV[1], ARGV[2], ARGV[3]
local base = string.sub(schedule, 1, -#':schedule' - 1)
local expiry = base .. ':expiry'
-- As many as Lua can pass on in one call, with some to spare.
local MAX_FIELDS = 7000

-- part: wrong-type
local problem = wrongType({[inbox] = 'stream', [dead] = 'stream', [schedule] = 'zset', [scheduled] = 'hash'})
if problem then return problem end

local moves = {}
for i = 4, #ARGV, 2 do
  local id, deliveries, target, delayMs, mark = string.match(ARGV[i], '^(%S+) (%S+) (%S+) (%S+) (.*)$')
  moves[#moves + 1] = {
    id = id, deliveries = tonumber(deliveries), target = target, delayMs = tonumber(delayMs), mark = mark,
    history = ARGV[i + 1],
  }
end

-- part: held-deliveries

-- part: entry-ids

-- Up to which entry the group's messages were purged; see purge.lua.
local purged = redis.pcall('HGET', base .. ':purged', source .. ':' .. group)
if type(purged) ~= 'string' then purged = nil end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function expiryOf(body)
  for i = 1, #body, 2 do
    if body[i] == 'x' then return tonumber(body[i + 1]) end
  end
  return nil
end

-- part: schedule-turns

-- What is to be written, gathered so that it takes few commands, and that nothing is written before all is known.
local inboxed, buried, planned, ended, freed = {}, {}, {}, {}, {}

local function plan(body, id, delayMs)
  planned[#planned + 1] = {
    id = id,
    member = 'retry:' .. group .. ':' .. source .. ':' .. id,
    packed = cmsgpack.pack({'inbox:' .. group, unpack(body)}),
    -- What will not live to see its retry ends when it expires, not when the retry would be due.
    due = math.min(now + delayMs, expiryOf(body) or math.huge),
  }
end

local move = {
  inbox = function(body) inboxed[#inboxed + 1] = body end,
  dead = function(body) buried[#buried + 1] = body end,
  schedule = function(body, id, delayMs)
    -- What is due at once need not wait anywhere.
    if delayMs > 0 then plan(body, id, delayMs) else inboxed[#inboxed + 1] = body end
  end,
}

local results = {}
for _, each in ipairs(moves) do
  local id, mark = each.id, each.mark
  local result = 'lost'
  if isOurs(id, each.deliveries) then
    local body = bodyOf(id, each.history)
    if body and #body > MAX_FIELDS then return redis.error_reply('ERR Entry ' .. id .. ' has too many fields') end
    result = body and 'moved' or 'gone'
    -- What is only given back has not failed.
    if purged and each.target ~= 'inbox' and not isAfter(id, purged) then
      result = 'dropped'
    elseif body then
      move[each.target](body, id, each.delayMs)
    end
    ended[#ended + 1] = id
    -- It leaves the pending list below, and cannot do so twice.
    held[id] = false
    -- Whoever has the same key next may run.
    if mark ~= '' and redis.call('GET', mark) == 'running ' .. consumer .. ' ' .. source .. ' ' .. id then
      freed[#freed + 1] = mark
    end
  end
  results[#results + 1] = result
end

for _, body in ipairs(inboxed) do
  local entry = redis.call('XADD', inbox, '*', unpack(body))
  local expiresAt = expiryOf(body)
  -- Its memory must come back without a reader there too.
  if expiresAt then redis.pcall('ZADD', expiry, string.format('%.0f', expiresAt), 'inbox:' .. group .. '|' .. entry) end
end
for _, body in ipairs(buried) do redis.call('XADD', dead, '*', unpack(body)) end
-- Deliveries that ended together may have ended in any order; they are tried again in that of their entries.
table.sort(planned, function(a, b) return isAfter(b.id, a.id) end)
for _, each in ipairs(planned) do
  redis.call('HSET', scheduled, each.member, each.packed)
  redis.call('ZADD', schedule, scoreOf(schedule, each.due), each.member)
end
if #ended > 0 then
  redis.call('XACK', stream, group, unpack(ended))
  if source == 'inbox' then redis.call('XDEL', stream, unpack(ended)) end
end
if #freed > 0 then redis.call('DEL', unpack(freed)) end
return results
