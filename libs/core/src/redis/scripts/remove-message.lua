#!lua flags=allow-oom
-- Removes a message for one group from the place where the caller found it, or for all groups when none has received it
-- yet.
--
-- Invariants: no other group loses the message. It is removed only if it is still in that place; if not, the caller
-- looks for it again. Its body is deleted once every group is done with it, unless the caller keeps it as a finished
-- message.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> group
-- ARGV[2] -> where it was found: 'in-flight', 'waiting', 'scheduled', 'dead', 'delayed' or 'done'
-- ARGV[3] -> 'log' or 'inbox' for the first two, otherwise ''
-- ARGV[4] -> its entry there, or its member of the schedule
-- ARGV[5] -> its entry on the log, or ''
-- ARGV[6] -> 'all' if it is removed for every group, or ''
-- ARGV[7] -> 'keep': its entry on the log stays, as that of one that is finished; or ''
-- Output: 'removed', 'moved' (no longer in that place), 'wanted' (another group still waits for it)
local log, group, state, source, at, entry, whose, keep = KEYS[1], unpack(ARGV)
local base = string.sub(log, 1, -5)
local stream = source == 'inbox' and base .. ':inbox:' .. group or log

-- part: entry-ids

-- part: stream-info

-- part: wanted-entry

local isForAll = whose == 'all'
local function isPending()
  local pending = redis.pcall('XPENDING', stream, group, at, at, 1)
  return not pending.err and pending[1] ~= nil
end

local remove = {}

remove['in-flight'] = function()
  if not isPending() then return 'moved' end
  redis.call('XACK', stream, group, at)
  if source == 'inbox' then redis.call('XDEL', stream, at) end
  return 'removed'
end

remove.waiting = function()
  if isPending() then return 'moved' end
  -- An unread entry cannot be skipped: it is removed for all groups that wait for it, or stays.
  if source == 'log' and isWanted(at, group, isForAll) then return 'wanted' end
  return redis.call('XDEL', stream, at) == 1 and 'removed' or 'moved'
end

remove.scheduled = function()
  redis.call('HDEL', base .. ':scheduled', at)
  return redis.call('ZREM', base .. ':schedule', at) == 1 and 'removed' or 'moved'
end

remove.delayed = function()
  local sent = base .. ':sent:' .. string.sub(at, #'send:' + 1)
  local mark = redis.call('GET', sent)
  local result = remove.scheduled()
  -- It was never published: its id may be used again. A mark that points to an entry belongs to another send.
  if result == 'removed' and mark and string.match(mark, '^%x+  ') then redis.call('DEL', sent) end
  return result
end

remove.dead = function()
  return redis.call('XDEL', base .. ':dead:' .. group, at) == 1 and 'removed' or 'moved'
end

remove.done = function() return 'removed' end

local result = remove[state]()
if result == 'removed' and keep == '' and entry ~= '' and not isWanted(entry, nil, isForAll) then
  redis.call('XDEL', log, entry)
end
return result
