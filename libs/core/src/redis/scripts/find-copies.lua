#!lua flags=no-writes
-- Continues the search for copies of a message, one slice at a time; see find.lua.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> message id: the caller's own, or the entry's
-- ARGV[2] -> its entry on the log, or ''
-- ARGV[3] -> maximum bytes to search
-- ARGV[4] -> after which entry to look for dead letters; or ''
-- ARGV[5] -> 'inbox', 'schedule' or 'dead'
-- ARGV[6] -> where to continue with the first group, as returned before; or ''
-- ARGV[7…] -> groups
-- Output: JSON of {groups, rest}: places by name, as find.lua tells them; where to continue: {at, groups}, or nothing
local base, id, limit, deadAfter = string.sub(KEYS[1], 1, -5), ARGV[1], tonumber(ARGV[3]), ARGV[4]
local entry = ARGV[2] ~= '' and ARGV[2] or nil

local function fieldOf(fields, name)
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
end

-- part: entry-ids

-- part: bounded-walk

-- part: find-copies

local groups = {}
for i = 7, #ARGV do groups[#groups + 1] = ARGV[i] end
local places, rest = findCopies(ARGV[5], ARGV[6], groups, {left = limit})
return cjson.encode({groups = places, rest = rest})
