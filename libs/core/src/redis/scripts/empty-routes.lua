#!lua flags=allow-oom
-- Returns which routes are empty: no message, group, dead letter, schedule, recurring send or replay. Deletes the empty
-- log and the notes about it.
--
-- Invariant: nothing is deleted that holds a message or has a group. A route that cannot be read counts as used.
--
-- KEYS -> logs; the routes' other keys are derived from them, in the same slot
-- ARGV -> for each route: number of groups that it had, and the groups
-- Output: for each route 'empty' or 'used'
local HOLDING = {'schedule', 'scheduled', 'expiry', 'ticks', 'recurring', 'replays', 'burying'}
local NOTED = {'log', 'purged', 'keepers', 'milestones'}

-- part: stream-info

local function isUsed(base, from, to)
  local waiting = redis.pcall('XLEN', base .. ':log')
  if waiting ~= 0 then return true end
  for _, what in ipairs(HOLDING) do
    if redis.call('EXISTS', base .. ':' .. what) == 1 then return true end
  end
  for i = from, to do
    if redis.call('EXISTS', base .. ':dead:' .. ARGV[i]) == 1 then return true end
  end
  return #rowsOf('GROUPS', base .. ':log') > 0
end

local results = {}
local at = 1
for index, log in ipairs(KEYS) do
  local base = string.sub(log, 1, -5)
  local last = at + tonumber(ARGV[at])
  results[index] = 'used'
  if not isUsed(base, at + 1, last) then
    results[index] = 'empty'
    for _, what in ipairs(NOTED) do redis.call('DEL', base .. ':' .. what) end
  end
  at = last + 1
end
return results
