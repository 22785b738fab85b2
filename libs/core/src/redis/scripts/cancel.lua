#!lua flags=allow-oom
-- Takes a delayed send back, as long as it has not been moved to the log.
--
-- Invariant: a send is moved or cancelled, never both. The same call may arrive twice, because the reply of the first
-- was lost, and is told what the first did.
--
-- KEYS[1] -> schedule
-- KEYS[2] -> scheduled
-- KEYS[3] -> mark of the message id, if it is the caller's own
-- KEYS[4] -> mark of this call
-- ARGV[1] -> message id
-- ARGV[2] -> how long the mark of this call is kept, ms
-- Output: 'cancelled' or 'not-found'
local schedule, scheduled, sent, call = unpack(KEYS)
local member = 'send:' .. ARGV[1]
if redis.call('EXISTS', call) == 1 then return 'cancelled' end
-- Whatever is of a wrong type is found by a read, before the first write.
local mark = redis.call('GET', sent)
local packed = redis.call('HEXISTS', scheduled, member)
if redis.call('ZREM', schedule, member) + packed == 0 then return 'not-found' end
redis.call('HDEL', scheduled, member)
-- A mark that leads to an entry is that of another send with the same id.
if mark and string.match(mark, '^%x+  ') then redis.call('DEL', sent) end
redis.call('SET', call, '1', 'PX', ARGV[2])
return 'cancelled'
