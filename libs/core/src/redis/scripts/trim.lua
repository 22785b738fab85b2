#!lua flags=allow-oom
-- Trims entries that every group has finished, beyond what retention keeps, and removes consumers that are gone; one
-- slice per call.
--
-- Invariant: an entry that a group has not finished is never removed. The floor is the minimum, over all groups, of the
-- lowest pending id and the id after the last delivered one, and over all replays, of their next entry. A replay
-- without a sign of life for a day does not count.
-- XTRIM gets the floor as well as a count, so a wrong count keeps too many entries but loses none. A log without groups
-- is not trimmed; expire.lua removes its expired messages.
--
-- Messages are counted, not read: see docs/adr/0014-trim-without-reading.md. A slice is bounded in entries, groups and
-- bytes over all logs.
--
-- KEYS -> logs; the groups' inboxes and the milestones are derived and in the same slot
-- ARGV[1] -> how long a consumer that owns nothing may be idle before it is removed, ms
-- ARGV[2…] -> for each log: 'count' and how many finished entries are kept, or 'age' and for how long, ms; and the group
--             after which to continue removing the groups' leftovers, '' to start
-- Output: for each log {trimmed, state, group to continue after or '', replays}: 'more' can be trimmed at once, 'later' in a
--         moment, 'done' not before something changes; replays are those that keep the log from being trimmed and that
--         nobody is at; or {'broken', why}
local entriesLeft, rowsLeft, groupsLeft, bytesLeft = 1000, 1000, 250, 2 ^ 20
-- Beyond all that is kept, whole nodes of the stream are removed: a hundred entries, or 4 KiB of them.
local EXACT_BELOW = 200
-- Few enough that even large bodies do no harm.
local PAGE = 8
-- This many messages above the retention are worth another look soon.
local WORTH_A_LOOK = 1000

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- part: entry-ids

-- part: stream-info

-- part: replay-note

-- part: trimming-floor

-- part: milestones

local function countBytes(entries)
  for _, entry in ipairs(entries) do
    for _, text in ipairs(entry[2]) do bytesLeft = bytesLeft - #text end
  end
end

-- Removes whole nodes before `from`, up to a limit of entries. Returns how many, and whether there are more.
local function cut(log, from, most)
  local limit = math.min(most, entriesLeft)
  local removed = redis.call('XTRIM', log, 'MINID', '~', from, 'LIMIT', limit)
  -- A server may be told to make larger nodes than that.
  if removed == 0 and limit < most then removed = redis.call('XTRIM', log, 'MINID', '~', from, 'LIMIT', most) end
  entriesLeft = entriesLeft - removed
  return removed, limit < most and removed * 2 > limit
end

-- Does the same, and also removes what `~` leaves of the first node.
local function cutExactly(log, from, most, exactly)
  local removed, hasMore = cut(log, from, most)
  if not hasMore then removed = removed + redis.call('XTRIM', log, unpack(exactly)) end
  return removed, hasMore
end

-- Returns the first of the last `amount` entries before that one; nil if there are fewer, or they are too large to read.
-- Each page begins with an existing entry: for a range before the first entry, Redis walks the whole stream.
local function readBack(log, id, amount)
  local least = bytesLeft - 2 ^ 16
  while amount > 0 do
    if bytesLeft < least then return nil end
    local wanted = math.min(amount, PAGE)
    local page = redis.call('XREVRANGE', log, id, '-', 'COUNT', wanted + 1)
    countBytes(page)
    if #page <= wanted then return nil end
    id, amount = page[#page][1], amount - wanted
  end
  return id
end

-- Returns the last entry's id and how many were ever added; nil if the server does not say.
local function endOf(log, groups)
  local added
  for _, group in ipairs(groups) do
    local read, lag = group['entries-read'], group.lag
    if read and lag then added = math.max(added or 0, read + lag) end
  end
  if added then
    local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
    countBytes(last)
    return last[1][1], added
  end
  -- Unknown to every group while all of them are before a deleted entry.
  local flat = redis.pcall('XINFO', 'STREAM', log)
  if flat.err then return nil end
  local stream = rowOf(flat)
  countBytes({stream['first-entry'] or {nil, {}}, stream['last-entry'] or {nil, {}}})
  return stream['last-generated-id'], stream['entries-added']
end

-- Returns a lower bound of the entries before the floor, and whether another look soon will improve it.
local function countFinished(log, base, floor, length, groups)
  local key = base .. ':milestones'
  local last, added = endOf(log, groups)
  if not added then return 0, false end
  local milestones = milestonesOf(key)
  local newest = milestones[#milestones]
  -- The log was deleted and has begun again.
  if newest and newest.added > added then milestones, newest = {}, nil end
  local isBeyond = not newest or isAfter(floor, newest.id)
  while milestones[2] and isAfter(floor, milestones[2].id) do table.remove(milestones, 1) end
  local passed = milestones[1] and isAfter(floor, milestones[1].id) and milestones[1]
  if not newest or isAfter(last, newest.id) then
    milestones[#milestones + 1] = {id = last, added = added}
    noteMilestones(key, milestones)
  end
  local unfinished = passed and added - passed.added or length
  return length - unfinished, isBeyond and unfinished >= WORTH_A_LOOK
end

local function keepCount(log, base, floor, amount, groups)
  local length = redis.call('XLEN', log)
  if length <= amount then return 0 end
  local unfinished = redis.call('XRANGE', log, floor, '+', 'COUNT', 1)
  countBytes(unfinished)
  local isExact = amount < EXACT_BELOW
  if not unfinished[1] then
    if not isExact then return cut(log, floor, length - amount) end
    return cutExactly(log, floor, length - amount, {'MAXLEN', '=', amount})
  end
  local from = isExact and readBack(log, unfinished[1][1], amount)
  if from then return cutExactly(log, from, length, {'MINID', '=', from}) end
  local finished, isVague = countFinished(log, base, floor, length, groups)
  local removed, hasMore = 0, false
  if finished > amount then removed, hasMore = cut(log, floor, finished - amount) end
  return removed, hasMore, isVague
end

-- Trims the log. Returns the number of removed entries, and 'more', 'later' or 'done'.
local function trim(log, base, groups, kind, amount)
  local floor, stopped = floorOfLog(log, base, groups)
  if not floor then return 0, 'done', {} end
  local removed, hasMore, isVague
  if kind == 'age' then
    local oldest = string.format('%.0f-0', math.max(0, now - amount))
    removed, hasMore = cut(log, isAfter(floor, oldest) and oldest or floor, math.max(1, redis.call('XLEN', log)))
  else
    removed, hasMore, isVague = keepCount(log, base, floor, amount, groups)
  end
  return removed, hasMore and 'more' or isVague and 'later' or 'done', stopped
end

local idleMs = tonumber(ARGV[1])
local function forgetConsumers(stream, group)
  for _, consumer in ipairs(rowsOf('CONSUMERS', stream, group)) do
    if consumer.pending == 0 and consumer.idle > idleMs then
      redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer.name)
    end
  end
end

-- An inbox entry is deleted after its ack; this removes entries that a crash left between the two.
local function clearInbox(inbox)
  local readers = rowsOf('GROUPS', inbox)
  local floor = floorOf(inbox, readers)
  if not floor then return end
  local _, hasMore = cut(inbox, floor, math.max(1, redis.call('XLEN', inbox)))
  if not hasMore then redis.call('XTRIM', inbox, 'MINID', '=', floor) end
  for _, reader in ipairs(readers) do forgetConsumers(inbox, reader.name) end
end

-- Continues after the named group. Returns the last group examined, or '' at the end.
local function tidyGroups(log, base, groups, after)
  local first = 1
  for index, group in ipairs(groups) do
    if group.name == after then first = index + 1 end
  end
  for index = first, #groups do
    if groupsLeft <= 0 or entriesLeft <= 0 then return index > 1 and groups[index - 1].name or '' end
    groupsLeft = groupsLeft - 1
    forgetConsumers(log, groups[index].name)
    clearInbox(base .. ':inbox:' .. groups[index].name)
  end
  return ''
end

local function tidy(log, kind, amount, after)
  local groups = rowsOf('GROUPS', log)
  rowsLeft = rowsLeft - #groups
  local base = string.sub(log, 1, -5)
  local removed, state, stopped = trim(log, base, groups, kind, amount)
  local reached = tidyGroups(log, base, groups, after)
  return {removed, reached == '' and state or 'more', reached, stopped}
end

local results = {}
for index, log in ipairs(KEYS) do
  local kind, amount, after = unpack(ARGV, index * 3 - 1, index * 3 + 1)
  local result = {0, 'more', after, {}}
  if index == 1 or math.min(rowsLeft, groupsLeft, bytesLeft, entriesLeft - EXACT_BELOW) > 0 then
    local ok
    ok, result = pcall(tidy, log, kind, tonumber(amount), after)
    if not ok then result = {'broken', type(result) == 'table' and result.err or tostring(result)} end
  end
  results[index] = result
end
return results
