#!lua flags=allow-oom
-- Records that a consumer is alive, how busy it is, and since when it has worked on each delivery. A group's process is
-- recorded in the same way.
--
-- Full memory does not hide a consumer: its group would count as unread. A killed consumer cannot remove its own name,
-- so each new consumer drops the expired ones.
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
