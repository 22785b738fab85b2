#!lua flags=no-writes
-- Returns a route's figures.
--
-- Redis does not know a group's backlog after a deletion or a start in the middle of the log, nor which groups own the
-- scheduled retries. These are counted up to a limit and estimated beyond it, so inspecting a route stays cheap.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> how many scheduled messages to look at, at most
-- ARGV[2] -> how many bytes of the log to read at most
-- ARGV[3] -> number of groups to report in full; inspect-groups.lua reports the others
-- ARGV[4…] -> groups that may exist, besides those of the log
-- Output: JSON of {now, messages, delayed, exact, groups, replays, rest}, groups by name {waiting, inFlight, scheduled,
--         lag, known}, known false for a group that is not on the log, and what belongs to the group alone: its numbers as
--         inspect-groups.lua returns them are to be added. replays a list of ids and notes in turn, rest the groups that
--         were not reported in full
local log, limit, budget = KEYS[1], tonumber(ARGV[1]), {left = tonumber(ARGV[2])}
local base = string.sub(log, 1, -5)
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- part: stream-info

-- part: entry-ids

-- part: bounded-walk

-- part: unread-counts

-- part: group-numbers

local messages = lengthOf(log)
local rows = rowsOf('GROUPS', log)
local unread, exact = unreadCounts(log, rows, budget)
local groups, rest, told = {}, {}, 0
local function add(name, row)
  told = told + 1
  if told > tonumber(ARGV[3]) then rest[#rest + 1] = name end
  groups[name] = {
    waiting = unread[name] or 0,
    inFlight = row and row.pending or 0,
    scheduled = 0,
    lag = row and row.lag or nil,
    known = row ~= nil,
    own = told <= tonumber(ARGV[3]) and ownNumbers(name) or nil,
  }
end

for _, row in ipairs(rows) do add(row.name, row) end
for i = 4, #ARGV do
  if not groups[ARGV[i]] then add(ARGV[i]) end
end

-- The names of scheduled entries contain their group.
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

local replays = redis.pcall('HGETALL', base .. ':replays')
return cjson.encode({now = now, messages = messages, delayed = math.max(0, total - sum), exact = exact, groups = groups,
  replays = not replays.err and #replays > 0 and replays or nil, rest = #rest > 0 and rest or nil})
