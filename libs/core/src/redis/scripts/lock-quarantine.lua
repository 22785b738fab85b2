#!lua flags=allow-oom
-- Locks a group's quarantine: one process of the group at a time runs its suspects alone.
--
-- Full memory does not stop a suspect from running: while it is pending, nothing behind it is trimmed. A lock from
-- before the server's clock was set back does not stop it either: a lock lasts no longer than a lease.
--
-- KEYS[1] -> lock
-- ARGV[1] -> consumer
-- ARGV[2] -> lease, ms
-- Output: 'locked' or 'busy'
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 'locked' end
if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 'busy'
