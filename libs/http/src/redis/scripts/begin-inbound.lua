#!lua flags=allow-oom
-- Lets one request with an id run, wherever the same id comes again meanwhile.
--
-- Invariant: an id is free, running (with its owner, for as long as that renews its lease) or done. Begun again by its
-- owner, a lease is renewed.
--
-- KEYS[1] -> mark of the id: 'running <owner>' or 'done'
-- ARGV[1] -> owner: of this request alone
-- ARGV[2] -> lease, ms
-- Output: {'run'}, {'done'}, or {'running', ms that its owner's lease still lasts}
local mark = redis.call('GET', KEYS[1])
if mark == 'done' then return {'done'} end
local running = 'running ' .. ARGV[1]
if mark and mark ~= running then return {'running', redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], running, 'PX', ARGV[2])
return {'run'}
