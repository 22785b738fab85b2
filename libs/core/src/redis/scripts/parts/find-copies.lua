-- Searches for copies of a message within the budget: in inboxes, in the schedule, among dead letters. Needs `base`,
-- `id`, `entry`, `deadAfter`, `fieldOf`, stream-info, entry-ids and bounded-walk.
local PHASES = {'inbox', 'schedule', 'dead'}
-- Dead letters lie near their original message, or among the latest; this many of the latest are searched first.
local LATEST = 20
local MEMBERS, MEMBER_COST = 100, 1000

-- Returns the history of a copy of the message; nil if the copy is of another message.
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

-- Looks up a retry by its name in the schedule; nil if it is of another message.
local function scheduledAt(group, member, budget)
  local packed = redis.pcall('HGET', base .. ':scheduled', member)
  if type(packed) ~= 'string' then return nil end
  if budget then budget.left = budget.left - #packed end
  -- Skip unpacking when the raw bytes do not contain the id.
  if not string.find(packed, entry or id, 1, true) then return nil end
  local ok, fields = pcall(cmsgpack.unpack, packed)
  if not ok or type(fields) ~= 'table' then return nil end
  table.remove(fields, 1)
  local history = historyIfOurs(fields)
  local score = history and redis.call('ZSCORE', base .. ':schedule', member)
  return score and {state = 'scheduled', at = member, dueAt = tonumber(score), history = history}
end

local function findInSchedule(cursor, groups, budget)
  local wanted, places = {}, {}
  for _, name in ipairs(groups) do wanted[name] = true end
  if #groups == 0 then return places end
  if cursor == '' then cursor = '0' end
  repeat
    local page = redis.pcall('ZSCAN', base .. ':schedule', cursor, 'COUNT', MEMBERS)
    if page.err then
      if string.find(page.err, '^WRONGTYPE') then return places end
      error(page)
    end
    cursor = page[1]
    for i = 1, #page[2], 2 do
      budget.left = budget.left - MEMBER_COST
      local name, source, from = string.match(page[2][i], '^retry:([^:]+):(%a+):(%d+%-%d+)$')
      -- A first retry was found by its name; inbox entries older than the message belong to others.
      local mayBeOurs = name and wanted[name] and (not entry or (source == 'inbox' and not isAfter(entry, from)))
      local place = mayBeOurs and scheduledAt(name, page[2][i], budget)
      if place then places[name] = place end
    end
    if budget.left <= 0 and cursor ~= '0' then return places, {at = cursor, groups = groups} end
  until cursor == '0'
  return places
end

-- Copies are younger than their originals.
local function firstCopy() return entry and string.match(entry, '^%d+') or '-' end

local function findInInbox(group, from, budget)
  local inbox = base .. ':inbox:' .. group
  return walk(inbox, 'XRANGE', from, '+', budget, function(at, fields)
    local history = historyIfOurs(fields)
    if not history then return nil end
    return inFlight(inbox, group, at, 'inbox', history)
      or {state = 'waiting', source = 'inbox', at = at, history = history}
  end)
end

local function findDead(group, from, budget)
  local dead, isFirst = base .. ':dead:' .. group, from == ''
  local function visit(at, fields)
    local history = historyIfOurs(fields)
    return history and {state = 'dead', at = at, history = history}
  end
  if isFirst then
    from = deadAfter ~= '' and '(' .. deadAfter or firstCopy()
    local looked = 0
    local place = walk(dead, 'XREVRANGE', '+', from, budget, function(at, fields)
      looked = looked + 1
      return visit(at, fields) or looked >= LATEST
    end)
    if type(place) == 'table' then return place end
    if not place and budget.left > 0 then return nil end
  end
  return walk(dead, 'XRANGE', from, '+', budget, visit)
end

-- Runs one phase for groups, the first of them from `at` ('' is its beginning). Returns places by group, and where to
-- continue if the budget ran out before the end.
local function findCopies(phase, at, groups, budget)
  if phase == 'schedule' then return findInSchedule(at, groups, budget) end
  local places = {}
  for index, group in ipairs(groups) do
    local place, rest
    if phase == 'inbox' then place, rest = findInInbox(group, at == '' and firstCopy() or at, budget)
    else place, rest = findDead(group, at, budget) end
    places[group] = place or nil
    at = ''
    if not place and rest then
      local left = {}
      for i = index, #groups do left[#left + 1] = groups[i] end
      return places, {at = rest, groups = left}
    end
  end
  return places
end
