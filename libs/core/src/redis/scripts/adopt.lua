#!lua flags=no-writes
-- Reads deliveries that this consumer owns but whose reply never arrived, after a reconnection.
--
-- Invariant: ownership is checked in the same step, so a delivery acked in the meantime does not run again. The
-- delivery count stays the same: reading the pending list with XREADGROUP would raise it and break the fence of every
-- in-flight delivery.
--
-- KEYS[1] -> stream
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- ARGV[3] -> after how many bytes of fields it ends
-- ARGV[4…] -> entry ids
-- Output: {number of ids examined, list of {id, fields, delivery count}}
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
