#!lua flags=no-writes
-- Tells where a message is, for each group.
--
-- Retries, replays and dead letters are copies with ids of their own; they are looked through for the one that began as
-- this message, up to a limit in bytes, so that a question about one message never holds up the others for long.
--
-- KEYS[1] -> log; the route's other keys are derived and in the same slot
-- ARGV[1] -> message id: the caller's own, or the entry's
-- ARGV[2] -> the same if it has the form of an entry's id, or ''
-- ARGV[3] -> how many bytes to look through at most, for each group
-- ARGV[4…] -> groups that may be there, besides those of the log
-- Output: JSON of {now, entry, body (whether it is on the log), sent (whether its id is remembered), due, expiresAt,
--         groups}, groups by name {state, known (whether it is on the log), …}; what else a state says is below
local log, id, entryId, limit = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local base = string.sub(log, 1, -5)
local schedule, scheduled = base .. ':schedule', base .. ':scheduled'
local PAGE = 50

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function fieldOf(fields, name)
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
end

-- part: entry-ids

-- part: stream-info

-- Pages of a stream, the oldest first or the newest first, as long as there is budget.
local function walk(stream, command, from, to, budget, visit)
  while budget.left > 0 do
    local page = redis.pcall(command, stream, from, to, 'COUNT', PAGE)
    if page.err or #page == 0 then return nil end
    for _, entry in ipairs(page) do
      for _, text in ipairs(entry[2]) do budget.left = budget.left - #text end
      local found = visit(entry[1], entry[2])
      if found then return found end
    end
    from = '(' .. page[#page][1]
  end
  budget.spent = true
end

-- Which entry of the log it is. That of a recurring send is marked under a name of its own; see publish-units.lua.
local sent = redis.call('GET', base .. ':sent:' .. id) or redis.call('GET', base .. ':sent:\n' .. id)
local due = redis.call('ZSCORE', schedule, 'send:' .. id)
local entry = sent and string.match(sent, '^%x+ (%d+%-%d+) ')
if not entry and not due and entryId ~= '' then entry = entryId end
if not entry and not due then
  entry = walk(log, 'XREVRANGE', '+', '-', {left = limit}, function(at, fields)
    if fieldOf(fields, 'i') == id then return at end
  end)
end
local body = entry and redis.call('XRANGE', log, entry, entry)[1]
local expiresAt = body and tonumber(fieldOf(body[2], 'x') or '')

-- The history of a copy of the message; nil if it is of another one.
local function historyIfOurs(fields)
  if fields[1] ~= 'm' then return nil end
  if entry then
    if string.find(fields[2], '"origin":"' .. entry .. '"', 1, true) then return fields[2] end
  elseif fieldOf(fields, 'i') == id then
    return fields[2]
  end
end

local function inFlight(stream, group, at, source, history)
  local pending = redis.pcall('XPENDING', stream, group, at, at, 1)
  if pending.err or not pending[1] then return nil end
  local _, consumer, idleMs, deliveries = unpack(pending[1])
  return {state = 'in-flight', source = source, at = at, consumer = consumer, idleMs = idleMs,
    deliveries = deliveries, history = history}
end

local function findScheduled(group, budget)
  local cursor = '0'
  repeat
    local page = redis.pcall('HSCAN', scheduled, cursor, 'MATCH', 'retry:' .. group .. ':*', 'COUNT', PAGE)
    if page.err then return nil end
    cursor = page[1]
    for i = 1, #page[2], 2 do
      local member, packed = page[2][i], page[2][i + 1]
      budget.left = budget.left - #packed
      -- What does not hold it in bytes need not be unpacked.
      if string.find(packed, entry or id, 1, true) then
        local ok, fields = pcall(cmsgpack.unpack, packed)
        if ok and type(fields) == 'table' then table.remove(fields, 1) end
        local history = ok and type(fields) == 'table' and historyIfOurs(fields)
        local score = history and redis.call('ZSCORE', schedule, member)
        if score then return {state = 'scheduled', at = member, dueAt = tonumber(score), history = history} end
      end
    end
    if budget.left <= 0 then
      budget.spent = true
      return nil
    end
  until cursor == '0'
end

-- Copies are younger than what they are copies of.
local function walkCopies(stream, budget, visit)
  local from = entry and string.match(entry, '^%d+') or '-'
  return walk(stream, 'XRANGE', from, '+', budget, visit)
end

local function findInInbox(group, budget)
  local inbox = base .. ':inbox:' .. group
  return walkCopies(inbox, budget, function(at, fields)
    local history = historyIfOurs(fields)
    if not history then return nil end
    return inFlight(inbox, group, at, 'inbox', history)
      or {state = 'waiting', source = 'inbox', at = at, history = history}
  end)
end

local function findDead(group, budget)
  return walkCopies(base .. ':dead:' .. group, budget, function(at, fields)
    local history = historyIfOurs(fields)
    return history and {state = 'dead', at = at, history = history}
  end)
end

-- A message of the log that the group has not been given yet.
local function findUnread(row)
  if not (row and body and isAfter(entry, row['last-delivered-id'])) then return nil end
  if expiresAt and expiresAt <= now then return {state = 'expired', source = 'log', at = entry} end
  return {state = 'waiting', source = 'log', at = entry}
end

local function search(group, row)
  local budget = {left = limit}
  local found = (row and entry and inFlight(log, group, entry, 'log', nil))
    or findUnread(row) or findScheduled(group, budget) or findInInbox(group, budget) or findDead(group, budget)
  if found then return found end
  if budget.spent then return {state = 'unknown'} end
  return {state = body and row and 'done' or 'gone'}
end

local function find(group, row)
  local found = search(group, row)
  found.known = row ~= nil
  return found
end

local groups = {}
for _, row in ipairs(rowsOf('GROUPS', log)) do groups[row.name] = find(row.name, row) end
for i = 4, #ARGV do
  if not groups[ARGV[i]] then groups[ARGV[i]] = find(ARGV[i], nil) end
end
return cjson.encode({now = now, entry = entry or nil, body = body and true or false, sent = sent and true or false,
  due = due and tonumber(due) or nil, expiresAt = expiresAt, groups = groups})
