#!lua flags=allow-oom
-- Lets one process of a group at a time run its suspects alone.
--
-- Full memory does not keep a suspect from being run: as long as it is pending, nothing behind it is trimmed.
--
-- KEYS[1] -> lock
-- ARGV[1] -> consumer
-- ARGV[2] -> lease, ms
-- Output: 'locked' or 'busy'
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 'locked' or 'busy'
