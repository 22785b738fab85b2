#!lua flags=no-writes
-- Continues the search for a message's entry by its custom id, newest first, one slice at a time; see find.lua.
--
-- KEYS[1] -> log
-- ARGV[1] -> message id
-- ARGV[2] -> position to continue from, as returned before
-- ARGV[3] -> maximum bytes to search
-- Output: {entry or '', where to continue or ''}

-- part: bounded-walk

local id = ARGV[1]
local entry, rest = walk(KEYS[1], 'XREVRANGE', ARGV[2], '-', {left = tonumber(ARGV[3])}, function(at, fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'i' and fields[i + 1] == id then return at end
  end
end)
return {entry or '', rest or ''}
