#!lua flags=allow-oom
-- Settles deliveries that did not succeed: each moves to its next place and leaves the pending list, in one step.
--
-- Invariant: only a delivery's owner may settle it, and only the delivery it received (same count): a consumer that
-- lost its lease changes nothing. The message's own fields are copied unchanged. If an entry has more fields than Lua
-- can pass on, its dead letter keeps LeanMQ's fields and the first of the others. A delivery that cannot be moved stays
-- pending and does not block the others.
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
-- Output: a word for each delivery: 'moved', 'lost' (no longer owned), 'gone' (its entry was removed), 'dropped' (the
--         group's messages were purged while it was in flight, and it is not tried again), 'blocked' (still owned: the
--         key that it is to go to is of another type or takes nothing more, or its entry is too wide for anything but
--         a dead letter)
local stream, inbox, dead, schedule, scheduled = unpack(KEYS)
local group, consumer, source = ARGV[1], ARGV[2], ARGV[3]
local base = string.sub(schedule, 1, -#':schedule' - 1)
local expiry = base .. ':expiry'
-- Below the number of arguments that Lua can pass in one call.
local MAX_FIELDS = 7000

local wantedTypes = {[inbox] = 'stream', [dead] = 'stream', [schedule] = 'zset', [scheduled] = 'hash'}
local writable = {}
-- Checked before the first write: Redis has no rollback.
local function isWritable(key)
  if writable[key] == nil then
    local found = redis.call('TYPE', key).ok
    writable[key] = found == 'none' or found == wantedTypes[key]
  end
  return writable[key]
end

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

-- Collects all writes, so they take few commands and none happens before every check.
local inboxed, buried, planned, ended = {}, {}, {}, {}
local results = {}

local function plan(body, id, delayMs)
  planned[#planned + 1] = {
    id = id,
    member = 'retry:' .. group .. ':' .. source .. ':' .. id,
    packed = cmsgpack.pack({'inbox:' .. group, unpack(body)}),
    -- A message that expires before its retry ends at its expiry, not when the retry would be due.
    due = math.min(now + delayMs, expiryOf(body) or math.huge),
  }
end

-- The history and the first of each of our fields of a body that is too wide, wherever they are, and as many of the others
-- as there is room for.
local function cut(body)
  local kept, wanted = {body[1], body[2]}, {d = true, h = true, i = true, x = true}
  local room = MAX_FIELDS - 10
  for i = 3, #body - 1, 2 do
    local name = body[i]
    if wanted[name] or room > 0 then
      kept[#kept + 1] = name
      kept[#kept + 1] = body[i + 1]
      if wanted[name] then wanted[name] = nil else room = room - 2 end
    end
  end
  return kept
end

-- Each returns true when the delivery can go there.
local move = {}

function move.inbox(body)
  if #body > MAX_FIELDS or not isWritable(inbox) then return false end
  inboxed[#inboxed + 1] = {body = body, at = #results + 1}
  return true
end

function move.dead(body)
  if not isWritable(dead) then return false end
  buried[#buried + 1] = {body = #body > MAX_FIELDS and cut(body) or body, at = #results + 1}
  return true
end

function move.schedule(body, id, delayMs)
  -- A retry that is due at once skips the schedule.
  if delayMs <= 0 then return move.inbox(body) end
  if #body > MAX_FIELDS or not (isWritable(schedule) and isWritable(scheduled)) then return false end
  plan(body, id, delayMs)
  return true
end

-- Returns true when this owner holds the key's mark; see begin-once.lua.
local function isRunBy(mark, owner)
  local running = 'running ' .. owner
  return mark == running or (type(mark) == 'string' and string.sub(mark, 1, #running + 1) == running .. ' ')
end

for _, each in ipairs(moves) do
  local id = each.id
  local result = 'lost'
  if isOurs(id, each.deliveries) then
    -- A released delivery has not failed.
    if purged and each.target ~= 'inbox' and not isAfter(id, purged) then
      result = 'dropped'
    else
      local body = bodyOf(id, each.history)
      result = body and 'moved' or 'gone'
      if body and not move[each.target](body, id, each.delayMs) then result = 'blocked' end
    end
    if result ~= 'blocked' then
      ended[#ended + 1] = {id = id, mark = each.mark, at = #results + 1}
      -- The delivery leaves the pending list below, and cannot do so twice.
      held[id] = false
    end
  end
  results[#results + 1] = result
end

-- A stream at its last possible id accepts no entry; deliveries for it stay pending.
local function append(target, each)
  local entry = redis.pcall('XADD', target, '*', unpack(each.body))
  if type(entry) == 'string' then return entry end
  results[each.at] = 'blocked'
end

for _, each in ipairs(inboxed) do
  local entry = append(inbox, each)
  local expiresAt = entry and expiryOf(each.body)
  -- Its memory must be freed without a reader there too.
  if expiresAt then redis.pcall('ZADD', expiry, string.format('%.0f', expiresAt), 'inbox:' .. group .. '|' .. entry) end
end
for _, each in ipairs(buried) do append(dead, each) end
-- Deliveries that ended together may have ended in any order; they are retried in the order of their entries.
table.sort(planned, function(a, b) return isAfter(b.id, a.id) end)
for _, each in ipairs(planned) do
  redis.call('HSET', scheduled, each.member, each.packed)
  redis.call('ZADD', schedule, scoreOf(schedule, each.due), each.member)
end

local left, freed = {}, {}
for _, each in ipairs(ended) do
  local id, mark = each.id, each.mark
  if results[each.at] ~= 'blocked' then
    left[#left + 1] = id
    -- The next delivery with the same key may run.
    if mark ~= '' and isRunBy(redis.pcall('GET', mark), consumer .. ' ' .. source .. ' ' .. id) then
      freed[#freed + 1] = mark
    end
  end
end
if #left > 0 then
  redis.call('XACK', stream, group, unpack(left))
  if source == 'inbox' then redis.call('XDEL', stream, unpack(left)) end
end
if #freed > 0 then redis.call('DEL', unpack(freed)) end
return results
