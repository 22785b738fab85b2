#!lua flags=no-writes
-- Tells how a route is, in numbers.
--
-- Redis does not know a group's backlog after a deletion or a start in the middle of the log, nor whose retries are in
-- the schedule; these are counted, up to a limit beyond which they are estimated, so that a look at a route stays cheap.
--
-- KEYS[1] -> log; the route's other keys are derived and in the same slot
-- ARGV[1] -> how many entries to look through at most, for each number
-- ARGV[2…] -> groups that may be there, besides those of the log
-- Output: JSON of {messages, delayed, exact, groups}, groups by name {waiting, inFlight, scheduled, dead, lag, known,
--         consumers}, known false for a group that is not on the log, consumers by name {pending, idleMs, isHere}
local log, limit = KEYS[1], tonumber(ARGV[1])
local base = string.sub(log, 1, -5)
local PAGE = 100
local exact = true
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- part: stream-info

local function lengthOf(key)
  local length = redis.pcall('XLEN', key)
  return type(length) == 'number' and length or 0
end

local messages = lengthOf(log)

-- Entries after the one that was delivered last.
local function unread(row)
  if row.lag then return row.lag end
  local count, from = 0, '(' .. row['last-delivered-id']
  repeat
    local page = redis.call('XRANGE', log, from, '+', 'COUNT', math.min(PAGE, limit - count))
    count = count + #page
    if #page < PAGE and count < limit then return count end
    from = '(' .. page[#page][1]
  until count >= limit
  exact = false
  return math.max(count, messages)
end

-- Who says that it is there; Redis does not list a consumer that has not been given anything yet.
local function addThoseHere(group, consumers)
  local here = redis.pcall('HGETALL', base .. ':here:' .. group)
  if here.err then return end
  for i = 1, #here, 2 do
    if tonumber(here[i + 1]) > now then
      consumers[here[i]] = consumers[here[i]] or {pending = 0, idleMs = 0}
      consumers[here[i]].isHere = true
    end
  end
end

local function addConsumers(stream, group, consumers)
  for _, row in ipairs(rowsOf('CONSUMERS', stream, group)) do
    local known = consumers[row.name] or {pending = 0, idleMs = row.idle}
    known.pending = known.pending + row.pending
    known.idleMs = math.min(known.idleMs, row.idle)
    consumers[row.name] = known
  end
end

local groups = {}
local function add(name, row)
  local inbox = base .. ':inbox:' .. name
  local own = rowsOf('GROUPS', inbox)[1] or {pending = 0}
  local consumers = {}
  addConsumers(log, name, consumers)
  addConsumers(inbox, name, consumers)
  addThoseHere(name, consumers)
  groups[name] = {
    waiting = (row and unread(row) or 0) + lengthOf(inbox) - own.pending,
    inFlight = (row and row.pending or 0) + own.pending,
    scheduled = 0,
    dead = lengthOf(base .. ':dead:' .. name),
    lag = row and row.lag or nil,
    known = row ~= nil,
    consumers = consumers,
  }
end

for _, row in ipairs(rowsOf('GROUPS', log)) do add(row.name, row) end
for i = 2, #ARGV do
  if not groups[ARGV[i]] then add(ARGV[i]) end
end

-- Whose the scheduled ones are is in their names.
local total = redis.pcall('ZCARD', base .. ':schedule')
if type(total) ~= 'number' then total = 0 end
local retries, seen = {}, math.min(total, limit)
local scale, sum = seen > 0 and total / seen or 1, 0
if total > limit then exact = false end
if seen > 0 then
  for _, member in ipairs(redis.call('ZRANGE', base .. ':schedule', 0, seen - 1)) do
    local name = string.match(member, '^retry:([^:]+):')
    if name then retries[name] = (retries[name] or 0) + 1 end
  end
end
for name, count in pairs(retries) do
  count = math.floor(count * scale + 0.5)
  sum = sum + count
  if groups[name] then groups[name].scheduled = count end
end

return cjson.encode({messages = messages, delayed = math.max(0, total - sum), exact = exact, groups = groups})
