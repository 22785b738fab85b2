#!lua
-- Publishes units: sends with an id, a delay or a time to live, transactions, and ticks of recurring sends. Each unit
-- is all or nothing and independent of the others; the batch as a whole is applied once, under the same marker as in
-- publish.lua.
--
-- Invariants: Redis has no rollback, so a whole unit is checked before its first write. A tick publishes and advances
-- its recurring send to the next instant in one step, and only from the instant it was computed from. Each instant is
-- therefore published once, however many processes try.
--
-- KEYS[1] -> publisher's marker: "<sequence> <reply>"
-- KEYS[2…] -> logs of the routes that are sent to; their other keys are derived and in the same slot
-- ARGV[1] -> sequence number of the batch
-- ARGV[2] -> how long the marker is kept, ms
-- ARGV[3…] -> for each unit: the number of its sends; how many arguments each of them has: 2, 3 or 9 of those below, the
--             others being ''; for a tick its route (index into KEYS), id of the recurring send, its rule as it is
--             stored, due and next instant in epoch ms, otherwise ''; then for each send
--             route (index into KEYS), payload, headers or '', id or '', dedupe window in ms or '' (the id is then
--             only a name), delay in ms or '', when it is due in epoch ms or '', time to live in ms or '', the most
--             unfinished messages or ''
-- Output: {'applied' or 'repeated', JSON of a list with an item for each unit}, the item a list of
--         {outcome, id} for each send, outcome being published, duplicate or scheduled; of a unit with 2 or 3 arguments
--         to a send, which are published or refused, a text of the ids with spaces between them; {error: code, at: index
--         of the send} and nothing of that unit was written; for a tick that another process has made or whose rule is
--         another by now {overtaken: true} and nothing was written either, for one without sends {overtaken: false}.
--         {'stale'} when a later batch has been applied since
local ALL_ARGS = 9
local sequence = tonumber(ARGV[1])
local marker = redis.call('GET', KEYS[1])
if marker then
  local applied, reply = string.match(marker, '^(%d+) (.*)$')
  applied = tonumber(applied)
  if applied == sequence then
    -- A write on this connection, which WAIT then waits for: as its first command it would confirm anything.
    redis.call('SET', KEYS[1], marker, 'PX', ARGV[2])
    return {'repeated', reply}
  end
  if applied > sequence then return {'stale'} end
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local types = {}
local function hasType(key, wanted)
  local found = types[key]
  if found == nil then
    found = redis.call('TYPE', key).ok
    types[key] = found
  end
  return found == 'none' or found == wanted
end

-- A tick's ids are marked under names that no custom id can have.
local function readSend(at, isTick)
  local log = KEYS[tonumber(ARGV[at])]
  local base = string.sub(log, 1, -5)
  local id, dedupeMs = ARGV[at + 3], ARGV[at + 4]
  local deliverAt = tonumber(ARGV[at + 6])
  return {
    base = base,
    log = log,
    data = ARGV[at + 1],
    headers = ARGV[at + 2],
    id = id,
    dedupeMs = dedupeMs,
    isTick = isTick,
    sent = dedupeMs ~= '' and (base .. (isTick and ':sent:\n' or ':sent:') .. id) or nil,
    digest = dedupeMs ~= '' and redis.sha1hex(ARGV[at + 1]) or nil,
    delayMs = deliverAt and math.max(0, deliverAt - now) or tonumber(ARGV[at + 5]) or 0,
    ttlMs = tonumber(ARGV[at + 7]),
    maxLength = tonumber(ARGV[at + 8]),
  }
end

-- Returns the tick at ARGV[at], or nil, and the index of its first send.
local function readTick(at)
  if ARGV[at] == '' then return nil, at + 1 end
  local base = string.sub(KEYS[tonumber(ARGV[at])], 1, -5)
  local id, rule, due, nextDue = unpack(ARGV, at + 1, at + 4)
  return {base = base, id = id, rule = rule, due = due, nextDue = nextDue}, at + 5
end

local function refusalOf(tick)
  local ticks, recurring = tick.base .. ':ticks', tick.base .. ':recurring'
  if not (hasType(ticks, 'zset') and hasType(recurring, 'hash')) then return {error = 'WRONGTYPE', at = 0} end
  local due = redis.call('ZSCORE', ticks, tick.id)
  local isDue = due and tonumber(due) == tonumber(tick.due)
  if not isDue or redis.call('HGET', recurring, 'rule:' .. tick.id) ~= tick.rule then return {overtaken = true} end
end

-- Compares a send with the mark under its id: 'new' without a mark, 'duplicate' and the earlier send's id, 'conflict'
-- when the earlier send had a different payload.
local function compare(send, mark)
  if not mark then return 'new' end
  local digest, id = string.match(mark, '^(%x+) [%d%-]* (.*)$')
  if digest ~= send.digest then return 'conflict' end
  return 'duplicate', id
end

-- Returns true when a caller's id is one that a recurring send of the route gives to its messages.
local function isTaken(send)
  local name = not send.isTick and string.match(send.id, '^(.+)@%d+$')
  return name and redis.pcall('HEXISTS', send.base .. ':recurring', 'rule:' .. name) == 1
end

-- part: entry-ids

-- part: unfinished

local function problemOf(sends)
  -- The marks of this unit's own sends, which are not written yet, and how many messages each log is to get.
  local marks, added = {}, {}
  for index, send in ipairs(sends) do
    local wellTyped = hasType(send.log, 'stream')
      and (send.delayMs == 0 or (hasType(send.base .. ':schedule', 'zset') and hasType(send.base .. ':scheduled', 'hash')))
      and (not send.ttlMs or hasType(send.base .. ':expiry', 'zset'))
      and (not send.sent or hasType(send.sent, 'string'))
    if not wellTyped then return {error = 'WRONGTYPE', at = index - 1} end
    local found = 'new'
    if send.sent then
      local mark = marks[send.sent] or redis.call('GET', send.sent)
      found = compare(send, mark)
      if found == 'conflict' or isTaken(send) then return {error = 'CONFLICT', at = index - 1} end
      marks[send.sent] = mark or (send.digest .. '  ' .. send.id)
    end
    -- A duplicate adds no message.
    if send.maxLength and found == 'new' then
      added[send.log] = (added[send.log] or 0) + 1
      if unfinishedOf(send.log, send.base, send.maxLength) + added[send.log] > send.maxLength then
        return {error = 'FULL', at = index - 1}
      end
    end
  end
end

local function fieldsOf(send)
  local fields = {'d', send.data}
  local function add(name, value)
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  end
  if send.headers ~= '' then add('h', send.headers) end
  if send.id ~= '' then add('i', send.id) end
  if send.ttlMs then add('x', string.format('%.0f', now + send.delayMs + send.ttlMs)) end
  return fields
end

-- Marks a custom id with its entry, or with none while it is scheduled: "<digest> <entry id or ''> <id>". The window of a
-- delayed send begins when it is due: until then it exists, and a second one would be a duplicate.
local function remember(send, entry)
  if not send.sent then return end
  local windowMs = string.format('%.0f', send.delayMs + tonumber(send.dedupeMs))
  redis.call('SET', send.sent, send.digest .. ' ' .. entry .. ' ' .. send.id, 'PX', windowMs)
  types[send.sent] = 'string'
end

-- Returns true when an earlier send with the same id still waits, which is then overdue: its window is over. It keeps its place
-- under a name that no id can have.
local function makeRoom(schedule, scheduled, member)
  local packed = redis.call('HGET', scheduled, member)
  if not packed then return end
  local aside = member .. '\n' .. string.format('%.0f', now)
  redis.call('HSET', scheduled, aside, packed)
  redis.call('ZADD', schedule, redis.call('ZSCORE', schedule, member) or '0', aside)
end

-- part: schedule-turns

local function plan(send, fields)
  local schedule, scheduled, member = send.base .. ':schedule', send.base .. ':scheduled', 'send:' .. send.id
  makeRoom(schedule, scheduled, member)
  redis.call('HSET', scheduled, member, cmsgpack.pack({'log', unpack(fields)}))
  redis.call('ZADD', schedule, scoreOf(schedule, now + send.delayMs), member)
  types[scheduled], types[schedule] = 'hash', 'zset'
  remember(send, '')
  return {'scheduled', send.id}
end

local function apply(send)
  if send.sent then
    local found, before = compare(send, redis.call('GET', send.sent))
    if found == 'duplicate' then return {'duplicate', before} end
  end
  if unfinished[send.log] then unfinished[send.log] = unfinished[send.log] + 1 end
  local fields = fieldsOf(send)
  if send.delayMs > 0 then return plan(send, fields) end
  local entry = redis.call('XADD', send.log, '*', unpack(fields))
  types[send.log] = 'stream'
  remember(send, entry)
  if send.ttlMs then
    redis.call('ZADD', send.base .. ':expiry', string.format('%.0f', now + send.ttlMs), 'log|' .. entry)
    types[send.base .. ':expiry'] = 'zset'
  end
  return {'published', send.id ~= '' and send.id or entry}
end

local function applyUnit(sends, tick)
  local problem = tick and refusalOf(tick) or problemOf(sends)
  if problem then return problem end
  local results = {}
  for index, send in ipairs(sends) do results[index] = apply(send) end
  if tick then
    redis.call('ZADD', tick.base .. ':ticks', tick.nextDue, tick.id)
    -- An empty list would become an empty object in JSON.
    if #sends == 0 then return {overtaken = false} end
    redis.call('HSET', tick.base .. ':recurring', 'last:' .. tick.id, string.format('%.0f', now))
  end
  return results
end

-- Appends a unit whose sends need no checks, as in most transactions.
local function applyPlain(from, count, width)
  local logs, last = {}, from + (count - 1) * width
  for at = from, last, width do
    local log = KEYS[tonumber(ARGV[at])]
    if not hasType(log, 'stream') then return {error = 'WRONGTYPE', at = (at - from) / width} end
    logs[#logs + 1] = log
  end
  local ids = {}
  for index, log in ipairs(logs) do
    local at = from + (index - 1) * width
    local data, headers = ARGV[at + 1], width > 2 and ARGV[at + 2] or ''
    if headers == '' then
      ids[index] = redis.call('XADD', log, '*', 'd', data)
    else
      ids[index] = redis.call('XADD', log, '*', 'd', data, 'h', headers)
    end
    types[log] = 'stream'
  end
  return table.concat(ids, ' ')
end

local results = {}
local at = 3
while at <= #ARGV do
  local count, width = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  local tick, from = readTick(at + 2)
  if width < ALL_ARGS then
    results[#results + 1] = applyPlain(from, count, width)
  else
    local sends = {}
    for index = 1, count do sends[index] = readSend(from + (index - 1) * width, tick ~= nil) end
    results[#results + 1] = applyUnit(sends, tick)
  end
  at = from + count * width
end
local reply = cjson.encode(results)
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. reply, 'PX', ARGV[2])
return {'applied', reply}
