#!lua flags=no-writes
-- Reads deliveries that are ours but whose reply never arrived, after a reconnection.
--
-- Invariant: ownership is checked in the same step, so that what was acked meanwhile is not run again. The delivery
-- count stays as it is: reading the pending list with XREADGROUP would raise it and break the fence of all in flight.
--
-- KEYS[1] -> stream
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- ARGV[3] -> after how many bytes of fields it ends
-- ARGV[4…] -> entry ids
-- Output: {how many of the ids were looked at, list of {id, fields, delivery count}}
local most, bytes = tonumber(ARGV[3]), 0
local results = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1, ARGV[2])[1]
  local entry = pending and redis.call('XRANGE', KEYS[1], id, id)[1]
  if entry then
    results[#results + 1] = {id, entry[2], pending[4]}
    for _, field in ipairs(entry[2]) do bytes = bytes + #field end
    if bytes >= most then return {i - 3, results} end
  end
end
return {#ARGV - 3, results}
