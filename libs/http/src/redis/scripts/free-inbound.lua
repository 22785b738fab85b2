#!lua flags=allow-oom
-- Frees an id whose handler has failed, so that the sender's next attempt runs.
--
-- Invariant: only its owner frees an id; one that is done stays so.
--
-- KEYS[1] -> mark of the id
-- ARGV[1] -> owner
-- Output: 'freed' or 'kept'
if redis.call('GET', KEYS[1]) ~= 'running ' .. ARGV[1] then return 'kept' end
redis.call('DEL', KEYS[1])
return 'freed'
