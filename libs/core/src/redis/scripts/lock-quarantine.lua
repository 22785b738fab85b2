#!lua flags=allow-oom
-- Lets one process of a group at a time run its suspects alone.
--
-- Full memory does not keep a suspect from being run: as long as it is pending, nothing behind it is trimmed. Nor does a
-- lock from before the server's clock was set back: it lasts no longer than a lease.
--
-- KEYS[1] -> lock
-- ARGV[1] -> consumer
-- ARGV[2] -> lease, ms
-- Output: 'locked' or 'busy'
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 'locked' end
if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 'busy'
