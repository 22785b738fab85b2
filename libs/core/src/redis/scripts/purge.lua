#!lua flags=allow-oom
-- Begins a purge of groups: they no longer receive the messages that waited for them.
--
-- The slow parts follow, one slice at a time: purge-retries.lua drops a group's retries, erase.lua frees memory. If a
-- crash prevents them, trimming frees the log and the inboxes, and the next purge does the rest.
--
-- Invariants: in-flight deliveries stay. A mark for each group records the last purged entry, so a delivery up to that
-- entry is dropped if it fails later (hand-over.lua). No other group loses anything.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> maximum bytes to search, where Redis does not know how many entries a group was not given
-- ARGV[2…] -> groups
-- Output: {how many were dropped, counted for each group; for each inbox that may be erased {key, after which entry, up
--         to which}; the last entry of the log that one of the groups had been given; the last entry that was purged, ''
--         where there is no log}
local log, limit = KEYS[1], tonumber(ARGV[1])
local base = string.sub(log, 1, -5)
local purged = base .. ':purged'

-- part: wrong-type
local wanted = {[log] = 'stream', [purged] = 'hash'}
for i = 2, #ARGV do wanted[base .. ':inbox:' .. ARGV[i]] = 'stream' end
local problem = wrongType(wanted)
if problem then return problem end

-- part: entry-ids

-- part: stream-info

-- part: bounded-walk

-- part: unread-counts

local erasable, dropped = {}, 0

local function readerOf(inbox, name)
  for _, row in ipairs(rowsOf('GROUPS', inbox)) do
    if row.name == name then return row end
  end
end

-- XINFO STREAM also returns the last id, but with two whole entries.
local function purgeInbox(name)
  local inbox = base .. ':inbox:' .. name
  local length, reader = redis.call('XLEN', inbox), readerOf(inbox, name)
  if not reader then
    if length > 0 then erasable[#erasable + 1] = {inbox, '0-0', '+'} end
    dropped = dropped + length
    return
  end
  redis.call('XGROUP', 'SETID', inbox, name, '$')
  local last = readerOf(inbox, name)['last-delivered-id']
  redis.call('HSET', purged, 'inbox:' .. name, last)
  dropped = dropped + math.max(0, length - reader.pending)
  if length > reader.pending then erasable[#erasable + 1] = {inbox, reader['last-delivered-id'], last} end
end

local concerned, behind, given = {}, {}, '0-0'
for i = 2, #ARGV do concerned[ARGV[i]] = true end
for _, row in ipairs(rowsOf('GROUPS', log)) do
  if concerned[row.name] then
    behind[#behind + 1] = row
    if isAfter(row['last-delivered-id'], given) then given = row['last-delivered-id'] end
  end
end

local stream = xinfo('STREAM', log)
local info = stream and rowOf(stream)
local counts = unreadCounts(log, behind, {left = limit})
for _, row in ipairs(behind) do
  redis.call('XGROUP', 'SETID', log, row.name, info['last-generated-id'], 'ENTRIESREAD', info['entries-added'])
  redis.call('HSET', purged, 'log:' .. row.name, info['last-generated-id'])
  dropped = dropped + counts[row.name]
end
for name in pairs(concerned) do purgeInbox(name) end
return {dropped, erasable, given, info and info['last-generated-id'] or ''}
