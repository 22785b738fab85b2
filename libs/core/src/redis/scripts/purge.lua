#!lua flags=allow-oom
-- Drops what waits and what is scheduled for groups.
--
-- Invariants: what is in flight stays; a mark for each group says up to which entry its messages were purged, so that one
-- of these that fails later is dropped (hand-over.lua). No other group loses anything.
--
-- KEYS[1] -> log; the route's other keys are derived and in the same slot
-- ARGV[1] -> 'all': every group, what is delayed, and a log that has no groups; 'one': the groups that follow
-- ARGV[2…] -> groups
-- Output: {how many were dropped, counted for each group, the last entry that some group had been given, the last entry
--         that was purged}; what lies between the last two is of no use to anybody
local log, all = KEYS[1], ARGV[1] == 'all'
local base = string.sub(log, 1, -5)
local schedule, scheduled, purged = base .. ':schedule', base .. ':scheduled', base .. ':purged'
local PAGE = 500

-- part: wrong-type
local wanted = {[log] = 'stream', [schedule] = 'zset', [scheduled] = 'hash', [purged] = 'hash'}
for i = 2, #ARGV do wanted[base .. ':inbox:' .. ARGV[i]] = 'stream' end
local problem = wrongType(wanted)
if problem then return problem end

-- part: entry-ids

-- part: stream-info

local function streamInfo(stream)
  local reply = xinfo('STREAM', stream)
  return reply and rowOf(reply)
end

local function groupsOf(stream)
  local groups = {}
  for _, row in ipairs(rowsOf('GROUPS', stream)) do groups[row.name] = row end
  return groups
end

-- How many entries lie after an id; they are deleted if told so.
local function countAfter(stream, id, delete)
  local count, from = 0, '(' .. id
  while true do
    local page = redis.call('XRANGE', stream, from, '+', 'COUNT', PAGE)
    count = count + #page
    if delete then
      for _, entry in ipairs(page) do redis.call('XDEL', stream, entry[1]) end
    end
    if #page < PAGE then return count end
    from = '(' .. page[#page][1]
  end
end

local function purgeLog(name, row, info)
  local unread = row.lag or countAfter(log, row['last-delivered-id'], false)
  redis.call('XGROUP', 'SETID', log, name, info['last-generated-id'], 'ENTRIESREAD', info['entries-added'])
  redis.call('HSET', purged, 'log:' .. name, info['last-generated-id'])
  return unread
end

local function purgeInbox(name)
  local inbox = base .. ':inbox:' .. name
  local info = streamInfo(inbox)
  if not info then return 0 end
  redis.call('HSET', purged, 'inbox:' .. name, info['last-generated-id'])
  local reader = groupsOf(inbox)[name]
  if not reader or reader.pending == 0 then return redis.call('XTRIM', inbox, 'MAXLEN', 0) end
  return countAfter(inbox, reader['last-delivered-id'], true)
end

-- It was never published: its id may be used again. A mark that leads to an entry is that of another send.
local function forget(id)
  local mark = redis.call('GET', base .. ':sent:' .. id)
  if mark and string.match(mark, '^%x+  ') then redis.call('DEL', base .. ':sent:' .. id) end
end

-- Retries of these groups, and what is delayed for everybody if told so.
local function purgeSchedule(names)
  local dropped = 0
  for _, member in ipairs(redis.call('ZRANGE', schedule, 0, -1)) do
    local name, id = string.match(member, '^retry:([^:]+):'), all and string.match(member, '^send:(.*)$')
    if id or (name and (all or names[name])) then
      redis.call('ZREM', schedule, member)
      redis.call('HDEL', scheduled, member)
      if id then forget(id) end
      dropped = dropped + 1
    end
  end
  return dropped
end

local info, onLog = streamInfo(log), groupsOf(log)
local names = {}
for i = 2, #ARGV do names[ARGV[i]] = true end
if all then
  for name in pairs(onLog) do names[name] = true end
end

local dropped, given = purgeSchedule(names), ''
for _, row in pairs(onLog) do
  if given == '' or isAfter(row['last-delivered-id'], given) then given = row['last-delivered-id'] end
end
for name in pairs(names) do
  if onLog[name] then dropped = dropped + purgeLog(name, onLog[name], info) end
  dropped = dropped + purgeInbox(name)
end
if all and info and given == '' then dropped = dropped + redis.call('XTRIM', log, 'MAXLEN', 0) end
return {dropped, given, info and info['last-generated-id'] or ''}
