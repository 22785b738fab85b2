#!lua flags=allow-oom
-- Acks deliveries of an idempotent handler and marks their keys as done, in one step.
--
-- Invariant: a success counts even when the lease was lost in the meantime; the key's next owner finds it done.
--
-- KEYS[1] -> stream
-- KEYS[2…] -> for each delivery the mark of its key
-- ARGV[1] -> group
-- ARGV[2] -> 'log' or 'inbox': which stream it is
-- ARGV[3] -> how long a key is remembered, ms
-- ARGV[4…] -> for each delivery its entry id
-- Output: for each delivery 1, or 0 if it was no longer pending
local results = {}
for i = 4, #ARGV do
  redis.call('SET', KEYS[i - 2], 'done', 'PX', ARGV[3])
  results[i - 3] = redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
  if ARGV[2] == 'inbox' then redis.call('XDEL', KEYS[1], ARGV[i]) end
end
return results
