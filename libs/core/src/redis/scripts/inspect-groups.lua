#!lua flags=no-writes
-- Returns the figures that belong to single groups; see inspect.lua.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV -> groups
-- Output: JSON of groups by name {waiting, inFlight, dead, consumers}: waiting and inFlight of its inbox, consumers by
--         name {pending, idleMs, isHere, state}
local log = KEYS[1]
local base = string.sub(log, 1, -5)
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- part: stream-info

-- part: group-numbers

local groups = {}
for _, name in ipairs(ARGV) do groups[name] = ownNumbers(name) end
return cjson.encode(groups)
