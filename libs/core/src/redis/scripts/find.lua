#!lua flags=no-writes
-- Locates a message for each group.
--
-- Retries, replays and dead letters are copies with their own ids; the search looks for copies of this message. Few
-- copies are searched in one step; otherwise the caller continues with find-copies.lua and find-entry.lua, one slice at
-- a time.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> message id: the caller's own, or the entry's
-- ARGV[2] -> its entry, if that is known or the id has the form of one; '-' without an entry; or ''
-- ARGV[3] -> maximum bytes to search
-- ARGV[4] -> after which entry to look for dead letters; or '', then wherever they may be
-- ARGV[5…] -> groups that may exist, besides those of the log
-- Output: JSON of {now, entry, body (true when it is on the log), sent (true while its id is remembered), due, expiresAt,
--         searched, groups, rest}. searched is where to continue looking for its entry (find-entry.lua); nothing else was
--         looked for then. groups by name {state, known (whether it is on the log), …}; what else a state says is below.
--         State 'open': not found so far; then rest says where to continue (find-copies.lua): {phase, at, groups}. At the
--         end the message is done for an open group that is there, as far as `isEnded`, and gone otherwise
local log, id, entryId, limit, deadAfter = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local base = string.sub(log, 1, -5)
local budget = {left = limit}

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function fieldOf(fields, name)
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
end

-- part: entry-ids

-- part: stream-info

-- part: bounded-walk

-- Finds its entry on the log. The entry of a recurring send is marked under a name of its own; see publish-units.lua.
local function markOf(name)
  local mark = redis.pcall('GET', base .. ':sent:' .. name)
  return type(mark) == 'string' and mark or nil
end
local sent = markOf(id) or markOf('\n' .. id)
local due = redis.pcall('ZSCORE', base .. ':schedule', 'send:' .. id)
if type(due) ~= 'string' then due = nil end
local entry = sent and string.match(sent, '^%x+ (%d+%-%d+) ')
if not entry and not due and entryId ~= '' and entryId ~= '-' then entry = entryId end
local searched
if not entry and not due and entryId ~= '-' then
  entry, searched = walk(log, 'XREVRANGE', '+', '-', budget, function(at, fields)
    if fieldOf(fields, 'i') == id then return at end
  end)
end
local found = entry and redis.pcall('XRANGE', log, entry, entry)
local body = found and not found.err and found[1]
local expiresAt = body and tonumber(fieldOf(body[2], 'x') or '')

-- part: find-copies

-- A message of the log that the group has not received yet.
local function findUnread(row)
  if not (row and body and isAfter(entry, row['last-delivered-id'])) then return nil end
  if expiresAt and expiresAt <= now then return {state = 'expired', source = 'log', at = entry} end
  return {state = 'waiting', source = 'log', at = entry}
end

-- Its first retry, recognised by its name.
local function findFirstRetry(group)
  return entry and scheduledAt(group, 'retry:' .. group .. ':log:' .. entry)
end

local groups, open = {}, {}
local function add(name, row)
  local place = (row and entry and inFlight(log, name, entry, 'log', nil)) or findUnread(row) or findFirstRetry(name)
  if not place then
    place = {state = 'open'}
    open[#open + 1] = name
  end
  place.known = row ~= nil
  place.isEnded = body and row and true or nil
  groups[name] = place
end
for _, row in ipairs(rowsOf('GROUPS', log)) do add(row.name, row) end
for i = 5, #ARGV do
  if not groups[ARGV[i]] then add(ARGV[i], nil) end
end

local rest
if not searched then
  for _, phase in ipairs(PHASES) do
    local places, more = findCopies(phase, '', open, budget)
    for name, place in pairs(places) do
      place.known, place.isEnded = groups[name].known, groups[name].isEnded
      groups[name] = place
    end
    local left = {}
    for _, name in ipairs(open) do
      if groups[name].state == 'open' then left[#left + 1] = name end
    end
    open = left
    if more then
      rest = {phase = phase, at = more.at, groups = more.groups}
      break
    end
  end
end

return cjson.encode({now = now, entry = entry or nil, body = body and true or false, sent = sent and true or false,
  due = due and tonumber(due) or nil, expiresAt = expiresAt, groups = groups, searched = searched, rest = rest})
