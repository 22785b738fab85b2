#!lua flags=allow-oom
-- Removes entries of a log that no group has been given or will be given, because all were purged unread: a slice of them,
-- bounded in number and in bytes.
--
-- Invariant: as soon as a group might want one of them (it began anew meanwhile) nothing is removed; trimming does it.
--
-- KEYS[1] -> log
-- ARGV[1] -> after which entry
-- ARGV[2] -> up to which entry
-- ARGV[3] -> how many at most
-- Output: {how many were removed, 'more' or 'done'}
local log, from, to, limit = KEYS[1], '(' .. ARGV[1], ARGV[2], tonumber(ARGV[3])
local bytesLeft = 2 ^ 20

-- part: entry-ids

-- part: stream-info

for _, row in ipairs(rowsOf('GROUPS', log)) do
  if isAfter(to, row['last-delivered-id']) then return {0, 'done'} end
  if row.pending > 0 and redis.call('XPENDING', log, row.name, from, to, 1)[1] then return {0, 'done'} end
end

local removed = 0
while removed < limit and bytesLeft > 0 do
  -- One at a time, because nothing tells how large the next one is.
  local entry = redis.call('XRANGE', log, from, to, 'COUNT', 1)[1]
  if not entry then return {removed, 'done'} end
  for _, text in ipairs(entry[2]) do bytesLeft = bytesLeft - #text end
  from = '(' .. entry[1]
  removed = removed + redis.call('XDEL', log, entry[1])
end
return {removed, 'more'}
