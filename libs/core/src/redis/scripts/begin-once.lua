#!lua flags=allow-oom
-- Lets one delivery of a key run, wherever the same key is delivered again meanwhile.
--
-- Invariant: a key is free, running (with its owner, for as long as that keeps its lease) or done; it becomes done in the
-- step that acks (ack-once.lua) and free in the step that hands a failure over (hand-over.lua).
--
-- KEYS[1] -> mark of the key
-- ARGV[1] -> owner: consumer and entry
-- ARGV[2] -> lease, ms
-- Output: {'run'}, {'done'}, or {'busy', how long its owner's lease still lasts, ms}
local mark = redis.call('GET', KEYS[1])
local running = 'running ' .. ARGV[1]
if mark == 'done' then return {'done'} end
if mark and mark ~= running then return {'busy', redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], running, 'PX', ARGV[2])
return {'run'}
