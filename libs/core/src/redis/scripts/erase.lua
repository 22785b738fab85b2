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

local function isAfter(a, b)
  local aMs, aNumber = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bNumber = string.match(b, '^(%d+)-(%d+)$')
  aMs, aNumber, bMs, bNumber = tonumber(aMs), tonumber(aNumber), tonumber(bMs), tonumber(bNumber)
  return aMs > bMs or (aMs == bMs and aNumber > bNumber)
end

local groups = redis.pcall('XINFO', 'GROUPS', log)
if groups.err then return 0 end
for _, flat in ipairs(groups) do
  local row = {}
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  if isAfter(to, row['last-delivered-id']) then return 0 end
  if redis.call('XPENDING', log, row.name, from, to, 1)[1] then return 0 end
end

local removed = 0
for _, entry in ipairs(redis.call('XRANGE', log, from, to, 'COUNT', ARGV[3])) do
  removed = removed + redis.call('XDEL', log, entry[1])
end
return removed
