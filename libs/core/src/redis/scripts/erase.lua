#!lua flags=allow-oom
-- Deletes entries of a stream that were purged before any group received them, one slice at a time.
--
-- Invariant: as soon as a group might want one of them (it was declared in the meantime), nothing is deleted; trimming
-- does it.
--
-- KEYS[1] -> log or inbox
-- ARGV[1] -> after which entry
-- ARGV[2] -> up to which entry, or '+'
-- ARGV[3] -> how many entries to remove at most
-- ARGV[4] -> how many bytes to read at most, where they can only be removed one by one
-- Output: 'more' or 'done'
local stream, after, to, count, limit = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

-- part: entry-ids

-- part: stream-info

-- part: bounded-walk

for _, row in ipairs(rowsOf('GROUPS', stream)) do
  if to == '+' or isAfter(to, row['last-delivered-id']) then return 'done' end
  if redis.call('XPENDING', stream, row.name, '(' .. after, to, 1)[1] then return 'done' end
end

-- Nothing older must stay: remove whole nodes at once, without reading bodies.
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if not first then return 'done' end
if isAfter(first[1], after) then
  if redis.call('XLEN', stream) <= count and to == '+' then
    redis.call('XTRIM', stream, 'MAXLEN', 0)
    return 'done'
  end
  local last = to == '+' and '18446744073709551615-18446744073709551615' or to
  if redis.call('XTRIM', stream, 'MINID', '~', last, 'LIMIT', count) > 0 then return 'more' end
end

local ids = {}
local _, rest = walk(stream, 'XRANGE', '(' .. after, to, {left = limit}, function(id)
  ids[#ids + 1] = id
  return #ids >= count
end)
if #ids > 0 then redis.call('XDEL', stream, unpack(ids)) end
return (rest or #ids >= count) and 'more' or 'done'
