#!lua
-- Dead-letters a message for one group, from the place where the caller found it.
--
-- Invariants: no other group loses the message. The check of its place and the move are one step, so it never becomes a
-- dead letter twice. A consumer that has it in flight can no longer change its outcome.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> group
-- ARGV[2] -> where it was found: 'in-flight', 'waiting' or 'scheduled'
-- ARGV[3] -> 'log' or 'inbox' for the first two, otherwise ''
-- ARGV[4] -> its entry there, or its member of the schedule
-- ARGV[5] -> its entry on the log, or ''
-- ARGV[6] -> why, JSON of {name, message}
-- Output: 'buried', 'moved' (no longer in that place), 'wanted' (another group still waits for it), 'wide' (it has more
--         fields than can be moved)
local log, group, state, source, at, entry, why = KEYS[1], unpack(ARGV)
local base = string.sub(log, 1, -5)
local stream = source == 'inbox' and base .. ':inbox:' .. group or log
local dead, schedule, scheduled = base .. ':dead:' .. group, base .. ':schedule', base .. ':scheduled'

-- part: wrong-type
local problem = wrongType({[dead] = 'stream', [schedule] = 'zset', [scheduled] = 'hash'})
if problem then return problem end

-- part: entry-ids

-- part: stream-info

-- part: renewed-fields

-- part: wanted-entry

local function historyOf(fields, deliveries)
  local ok, history = pcall(cjson.decode, fields[1] == 'm' and fields[2] or '')
  if not ok or type(history) ~= 'table' then history = {} end
  history.attempts = (tonumber(history.attempts) or 0) + deliveries
  history.crashes = (tonumber(history.crashes) or 0) + math.max(0, deliveries - 1)
  history.reason, history.error = 'rejected', cjson.decode(why)
  return history
end

local function written(fields, deliveries)
  local history = historyOf(fields, deliveries)
  history.origin = history.origin or (entry ~= '' and entry or at)
  local ok, text = pcall(cjson.encode, history)
  if ok then return text end
  -- A number that is infinite or none can be read, but not written.
  return cjson.encode({
    origin = entry ~= '' and entry or at, attempts = deliveries, crashes = math.max(0, deliveries - 1),
    reason = 'rejected', error = history.error,
  })
end

local function bury(fields, deliveries, leave)
  if #fields > MAX_FIELDS then return 'wide' end
  local body = {'m', written(fields, deliveries)}
  for i = fields[1] == 'm' and 3 or 1, #fields do body[#body + 1] = fields[i] end
  redis.call('XADD', dead, '*', unpack(body))
  leave()
  return 'buried'
end

if state == 'scheduled' then
  local packed = redis.call('HGET', scheduled, at)
  local ok, fields = pcall(cmsgpack.unpack, packed or '')
  if not packed or not ok or type(fields) ~= 'table' or not redis.call('ZSCORE', schedule, at) then return 'moved' end
  table.remove(fields, 1)
  return bury(fields, 0, function()
    redis.call('ZREM', schedule, at)
    redis.call('HDEL', scheduled, at)
  end)
end

local found = redis.call('XRANGE', stream, at, at)[1]
if not found then return 'moved' end
local pending = redis.pcall('XPENDING', stream, group, at, at, 1)
local delivery = not pending.err and pending[1]
if (state == 'in-flight') ~= (delivery ~= nil and delivery ~= false) then return 'moved' end
-- An unread entry cannot be skipped: it is removed for all groups that wait for it, or stays.
if state == 'waiting' and source == 'log' and isWanted(at, group) then return 'wanted' end
return bury(found[2], delivery and delivery[4] or 0, function()
  if delivery then redis.call('XACK', stream, group, at) end
  if source == 'inbox' or state == 'waiting' then redis.call('XDEL', stream, at) end
end)
