#!lua flags=no-writes
-- Reads deliveries that are ours but whose reply never arrived, after a reconnection.
--
-- Invariant: ownership is checked in the same step, so that what was acked meanwhile is not run again. The delivery
-- count stays as it is: reading the pending list with XREADGROUP would raise it and break the fence of all in flight.
--
-- KEYS[1] -> stream
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- ARGV[3…] -> entry ids
-- Output: a list of {id, fields, delivery count}
local results = {}
for i = 3, #ARGV do
  local id = ARGV[i]
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])[1]
  local entry = pending and redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry then results[#results + 1] = {id, entry[2], pending[4]} end
end
return results
