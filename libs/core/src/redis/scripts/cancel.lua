#!lua flags=allow-oom
-- Cancels a delayed send that has not been moved to the log yet.
--
-- Invariant: a send is moved or cancelled, never both. A call may arrive twice when its first reply was lost; the
-- second returns the result of the first.
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
-- Reads find a key of a wrong type before the first write.
local mark = redis.call('GET', sent)
local packed = redis.call('HEXISTS', scheduled, member)
if redis.call('ZREM', schedule, member) + packed == 0 then return 'not-found' end
redis.call('HDEL', scheduled, member)
-- A mark that points to an entry belongs to another send with the same id.
if mark and string.match(mark, '^%x+  ') then redis.call('DEL', sent) end
redis.call('SET', call, '1', 'PX', ARGV[2])
return 'cancelled'
