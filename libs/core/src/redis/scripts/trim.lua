#!lua flags=allow-oom
-- Frees what every group has finished, but for what is retained, and what no living consumer needs.
--
-- Invariant: an entry that a group has not finished is never removed: the floor is the least, over all groups, of the
-- lowest pending id and the id after the last delivered one, and over all replays of what they have not come to yet. A
-- log without groups is not trimmed at all; what expires leaves it by expire.lua.
--
-- KEYS -> logs; the groups' inboxes are derived and in the same slot
-- ARGV[1] -> how long a consumer that owns nothing may be idle before it is removed, ms
-- ARGV[2…] -> for each log: 'count' and how many finished entries are kept, or 'age' and for how long, ms
-- Output: for each log {trimmed, 'more' or 'done'}
local LIMIT, ROUNDS = 10000, 20

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- part: entry-ids

-- part: stream-info

-- The id that comes next.
local function following(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  -- The highest sequence number there is, and beyond what a number holds exactly.
  if tonumber(number) >= 2 ^ 53 then return string.format('%.0f-0', ms + 1) end
  return string.format('%s-%.0f', ms, number + 1)
end

local function floorOf(stream, group)
  local floor = following(group['last-delivered-id'])
  if group.pending > 0 then
    local lowest = redis.call('XPENDING', stream, group.name)[2]
    if lowest and isAfter(floor, lowest) then floor = lowest end
  end
  return floor
end

-- The first id to keep.
local function keepFrom(log, floor, kind, amount)
  if kind == 'age' then
    local oldest = string.format('%.0f-0', math.max(0, now - amount))
    return isAfter(floor, oldest) and oldest or floor
  end
  if amount == 0 then return floor end
  if redis.call('XLEN', log) <= amount then return nil end
  local finished = redis.call('XREVRANGE', log, '(' .. floor, '-', 'COUNT', amount)
  if #finished < amount then return nil end
  return finished[#finished][1]
end

local function trim(log, from)
  local trimmed = 0
  for _ = 1, ROUNDS do
    local removed = redis.call('XTRIM', log, 'MINID', '~', from, 'LIMIT', LIMIT)
    trimmed = trimmed + removed
    if removed == 0 then return trimmed, 'done' end
  end
  return trimmed, 'more'
end

local function forgetConsumers(stream, group, idleMs)
  for _, consumer in ipairs(rowsOf('CONSUMERS', stream, group)) do
    if consumer.pending == 0 and consumer.idle > idleMs then
      redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer.name)
    end
  end
end

local idleMs = tonumber(ARGV[1])
local results = {}
for index, log in ipairs(KEYS) do
  local kind, amount = ARGV[index * 2], tonumber(ARGV[index * 2 + 1])
  local base = string.sub(log, 1, -5)
  local floor
  for _, group in ipairs(rowsOf('GROUPS', log)) do
    local own = floorOf(log, group)
    if not floor or isAfter(floor, own) then floor = own end
    forgetConsumers(log, group.name, idleMs)
    -- An inbox entry is deleted when it is acked; what a crash left between the two goes here.
    local inbox = base .. ':inbox:' .. group.name
    for _, reader in ipairs(rowsOf('GROUPS', inbox)) do
      redis.call('XTRIM', inbox, 'MINID', floorOf(inbox, reader))
      forgetConsumers(inbox, reader.name, idleMs)
    end
  end
  if floor then
    for _, noted in ipairs(redis.call('HVALS', base .. ':replays')) do
      local cursor = string.match(noted, '^(%d+%-%d+) ')
      if cursor and isAfter(floor, following(cursor)) then floor = following(cursor) end
    end
  end
  local from = floor and keepFrom(log, floor, kind, amount)
  local trimmed, state = 0, 'done'
  if from then trimmed, state = trim(log, from) end
  results[index] = {trimmed, state}
end
return results
