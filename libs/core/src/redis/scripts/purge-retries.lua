#!lua flags=allow-oom
-- Drops scheduled retries of a purged or removed group, one slice of the schedule at a time.
--
-- Invariant: retries of messages published after the purge stay. All retries stay when the group was declared again
-- after its removal.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> group
-- ARGV[2] -> 'purged': those that its marks cover (purge.lua); 'removed': all
-- ARGV[3] -> cursor, '0' at first
-- ARGV[4] -> how many members of the schedule to look at, about
-- Output: {cursor, how many were dropped}; cursor '0' at the end
local log, group, isRemoved, cursor, count = KEYS[1], ARGV[1], ARGV[2] == 'removed', ARGV[3], ARGV[4]
local base = string.sub(log, 1, -5)
local schedule, scheduled, purged = base .. ':schedule', base .. ':scheduled', base .. ':purged'

-- part: wrong-type
local problem = wrongType({[schedule] = 'zset', [scheduled] = 'hash', [purged] = 'hash'})
if problem then return problem end

-- part: entry-ids

-- part: stream-info

local marks = {}
if isRemoved then
  for _, row in ipairs(rowsOf('GROUPS', log)) do
    if row.name == group then return {'0', 0} end
  end
else
  for _, source in ipairs({'log', 'inbox'}) do marks[source] = redis.call('HGET', purged, source .. ':' .. group) end
end

local function isCovered(source, id)
  return isRemoved or (marks[source] and not isAfter(id, marks[source]))
end

local prefix = 'retry:' .. group .. ':'
local page = redis.call('ZSCAN', schedule, cursor, 'COUNT', count)
local members = {}
for i = 1, #page[2], 2 do
  local member = page[2][i]
  if string.sub(member, 1, #prefix) == prefix then
    local source, id = string.match(member, ':(%a+):(%d+%-%d+)$', #prefix)
    if isRemoved or (source and isCovered(source, id)) then members[#members + 1] = member end
  end
end
-- A server may return more in one page than Lua can pass in one call.
local dropped = 0
for from = 1, #members, 1000 do
  local to = math.min(from + 999, #members)
  dropped = dropped + redis.call('ZREM', schedule, unpack(members, from, to))
  redis.call('HDEL', scheduled, unpack(members, from, to))
end
return {page[1], dropped}
