#!lua
-- Appends one tick's sends to one log, exactly once per batch, however often the batch arrives.
--
-- Invariant: a batch is applied if and only if its sequence number is above the marker's. Marker and entries are
-- written together, so they reach replicas together. A batch whose reply was lost can therefore be sent again, even
-- while the old socket still executes or after its entries were trimmed.
--
-- KEYS[1] -> log
-- KEYS[2] -> publisher's marker: "<sequence> <reply>"
-- ARGV[1] -> sequence number of the batch, 1 for the publisher's first on this route
-- ARGV[2] -> how long the marker is kept, ms
-- ARGV[3…] -> for each message: payload, headers or ''
-- Output: the id of the first entry, after '=' if the batch had been applied before; the others follow in the same
--         millisecond, one by one. 'stale' when a later batch has been applied since. One text, because it is read faster
--         than a list, and a publish that is awaited by itself feels it
local sequence = tonumber(ARGV[1])
local marker = redis.call('GET', KEYS[2])
if marker then
  local applied, reply = string.match(marker, '^(%d+) (.*)$')
  applied = tonumber(applied)
  if applied == sequence then
    -- A write on this connection, which WAIT then waits for: as its first command it would confirm anything.
    redis.call('SET', KEYS[2], marker, 'PX', ARGV[2])
    return '=' .. reply
  end
  if applied > sequence then return 'stale' end
end

local log = KEYS[1]
local function append(id, data, headers)
  if headers == '' then return redis.call('XADD', log, id, 'd', data) end
  return redis.call('XADD', log, id, 'd', data, 'h', headers)
end

-- Only the first write can fail (a key of another type), so a failure leaves nothing written.
local first = append('*', ARGV[3], ARGV[4])
if #ARGV > 4 then
  -- Redis increments the id itself, faster than this script could write it.
  local following = string.match(first, '^%d+%-') .. '*'
  for i = 5, #ARGV, 2 do append(following, ARGV[i], ARGV[i + 1]) end
end
redis.call('SET', KEYS[2], ARGV[1] .. ' ' .. first, 'PX', ARGV[2])
return first
