#!lua flags=allow-oom
-- Notes that a consumer is there, how busy it is, and since when it works on what it has. A process of a group is noted in the
-- same way.
--
-- Full memory does not make it invisible: its group would count as one that nobody reads. A consumer that was killed
-- cannot take its own name back: each that is new drops those whose time is over.
--
-- KEYS -> for each route: who is there (HASH, consumer -> "<until when, epoch ms> <JSON of its state>"); what this consumer
--         works on
-- ARGV[1] -> consumer
-- ARGV[2] -> lease, ms
-- ARGV[3…] -> for each route: its state (JSON), and since when it works on each delivery (JSON), or '' without any
-- Output: 'noted'
local consumer, leaseMs = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local untilText = string.format('%.0f', now + leaseMs)

local function dropThoseGone(here)
  local noted = redis.call('HGETALL', here)
  for i = 1, #noted, 2 do
    if (tonumber(string.match(noted[i + 1], '^%d+')) or 0) <= now then redis.call('HDEL', here, noted[i]) end
  end
end

for index = 1, #KEYS, 2 do
  local here, held, state, since = KEYS[index], KEYS[index + 1], ARGV[index + 2], ARGV[index + 3]
  -- A route with a key of another type does not hide the consumer on the others.
  local noted = redis.pcall('HSET', here, consumer, untilText .. ' ' .. state)
  if type(noted) == 'number' then
    redis.call('PEXPIRE', here, 2 * leaseMs)
    if noted == 1 then dropThoseGone(here) end
  end
  if since ~= '' then redis.call('SET', held, since, 'PX', leaseMs) end
end
return 'noted'
