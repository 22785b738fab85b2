#!lua flags=allow-oom
-- Drops everything scheduled on a route: retries of all groups, and delayed sends. Also drops the messages of a log
-- without groups.
--
-- Freeing memory and the ids of delayed sends follows, one slice at a time: forget-purged.lua, erase.lua. If a crash
-- prevents that, the next purge does it.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- Output: {'purged', how many were dropped, the last entry of a log without groups or ''}, or {'leftover'}: an earlier
--         purge is to be brought to its end before
local log = KEYS[1]
local base = string.sub(log, 1, -5)
local schedule, scheduled, leftover = base .. ':schedule', base .. ':scheduled', base .. ':schedule-purged'

-- part: wrong-type
local problem = wrongType({[log] = 'stream', [schedule] = 'zset', [scheduled] = 'hash', [leftover] = 'zset'})
if problem then return problem end
if redis.call('EXISTS', leftover) == 1 then return {'leftover'} end

-- part: stream-info

local dropped, last = redis.call('ZCARD', schedule), ''
if #rowsOf('GROUPS', log) == 0 and redis.call('XLEN', log) > 0 then
  last = rowOf(xinfo('STREAM', log))['last-generated-id']
  dropped = dropped + redis.call('XLEN', log)
end
if redis.call('EXISTS', schedule) == 1 then redis.call('RENAME', schedule, leftover) end
redis.call('UNLINK', scheduled)
return {'purged', dropped, last}
