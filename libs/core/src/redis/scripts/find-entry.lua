#!lua flags=no-writes
-- Continues the search for the entry of a message by the caller's own id, newest first, a slice at a time; see
-- find.lua.
--
-- KEYS[1] -> log
-- ARGV[1] -> message id
-- ARGV[2] -> where to go on, as told before
-- ARGV[3] -> how many bytes to look through at most
-- Output: {entry or '', where to go on or ''}

-- part: bounded-walk

local id = ARGV[1]
local entry, rest = walk(KEYS[1], 'XREVRANGE', ARGV[2], '-', {left = tonumber(ARGV[3])}, function(at, fields)
  for i = 1, #fields, 2 do
    if fields[i] == 'i' and fields[i + 1] == id then return at end
  end
end)
return {entry or '', rest or ''}
