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

local function parse(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  return {ms = tonumber(ms), number = tonumber(number)}
end

local function text(id) return string.format('%.0f-%.0f', id.ms, id.number) end

local function less(a, b) return a.ms < b.ms or (a.ms == b.ms and a.number < b.number) end

local function after(id)
  -- The highest sequence number there is, and beyond what a number holds exactly.
  if id.number >= 2 ^ 53 then return {ms = id.ms + 1, number = 0} end
  return {ms = id.ms, number = id.number + 1}
end

local function floorOf(stream, group)
  local floor = after(parse(group['last-delivered-id']))
  if group.pending > 0 then
    local lowest = redis.call('XPENDING', stream, group.name)[2]
    if lowest and less(parse(lowest), floor) then floor = parse(lowest) end
  end
  return floor
end

local function groupsOf(stream)
  local reply = redis.pcall('XINFO', 'GROUPS', stream)
  local groups = {}
  if reply.err then return groups end
  for index, flat in ipairs(reply) do
    local group = {}
    for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
    groups[index] = group
  end
  return groups
end

-- The first id to keep.
local function keepFrom(log, floor, kind, amount)
  if kind == 'age' then
    local oldest = {ms = now - amount, number = 0}
    return less(oldest, floor) and oldest or floor
  end
  if amount == 0 then return floor end
  if redis.call('XLEN', log) <= amount then return nil end
  local finished = redis.call('XREVRANGE', log, '(' .. text(floor), '-', 'COUNT', amount)
  if #finished < amount then return nil end
  return parse(finished[#finished][1])
end

local function trim(log, from)
  local trimmed = 0
  for _ = 1, ROUNDS do
    local removed = redis.call('XTRIM', log, 'MINID', '~', text(from), 'LIMIT', LIMIT)
    trimmed = trimmed + removed
    if removed == 0 then return trimmed, 'done' end
  end
  return trimmed, 'more'
end

local function forgetConsumers(stream, group, idleMs)
  local reply = redis.pcall('XINFO', 'CONSUMERS', stream, group)
  if reply.err then return end
  for _, flat in ipairs(reply) do
    local consumer = {}
    for i = 1, #flat, 2 do consumer[flat[i]] = flat[i + 1] end
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
  for _, group in ipairs(groupsOf(log)) do
    local own = floorOf(log, group)
    if not floor or less(own, floor) then floor = own end
    forgetConsumers(log, group.name, idleMs)
    -- An inbox entry is deleted when it is acked; what a crash left between the two goes here.
    local inbox = base .. ':inbox:' .. group.name
    for _, reader in ipairs(groupsOf(inbox)) do
      redis.call('XTRIM', inbox, 'MINID', text(floorOf(inbox, reader)))
      forgetConsumers(inbox, reader.name, idleMs)
    end
  end
  if floor then
    for _, noted in ipairs(redis.call('HVALS', base .. ':replays')) do
      local cursor = string.match(noted, '^(%d+%-%d+) ')
      if cursor and less(after(parse(cursor)), floor) then floor = after(parse(cursor)) end
    end
  end
  local from = floor and keepFrom(log, floor, kind, amount)
  local trimmed, state = 0, 'done'
  if from then trimmed, state = trim(log, from) end
  results[index] = {trimmed, state}
end
return results
