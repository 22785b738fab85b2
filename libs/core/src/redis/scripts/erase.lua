#!lua flags=allow-oom
-- Removes entries of a log that no group has been given or will be given, because all were purged unread.
--
-- Invariant: as soon as a group might want one of them (it began anew meanwhile) nothing is removed; trimming does it.
--
-- KEYS[1] -> log
-- ARGV[1] -> after which entry
-- ARGV[2] -> up to which entry
-- ARGV[3] -> how many at most
-- Output: how many were removed
local log, from, to = KEYS[1], '(' .. ARGV[1], ARGV[2]

-- part: entry-ids

-- part: stream-info

for _, row in ipairs(rowsOf('GROUPS', log)) do
  if isAfter(to, row['last-delivered-id']) then return 0 end
  if redis.call('XPENDING', log, row.name, from, to, 1)[1] then return 0 end
end

local removed = 0
for _, entry in ipairs(redis.call('XRANGE', log, from, to, 'COUNT', ARGV[3])) do
  removed = removed + redis.call('XDEL', log, entry[1])
end
return removed
