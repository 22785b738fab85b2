#!lua flags=allow-oom
-- Takes over deliveries whose consumer no longer renews their leases, at the second sighting.
--
-- Invariants: what looks stale is only noted at first and taken when it still is a while later, so that an outage of
-- Redis, during which nobody can renew, does not set every consumer on every other's work. What has crashed its
-- process twice is a suspect, left where it is until somebody can run it with nothing but suspects in flight; after
-- one more crash it comes alone, so that only a message that ran alone ever reaches `maxCrashes`.
--
-- KEYS -> for each route: log, group's inbox, group's stale notes ("<source>:<id>" -> "<owner> <count> <first seen>")
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- ARGV[3] -> lease, ms
-- ARGV[4] -> how long a delivery must have been noted before it is taken, ms
-- ARGV[5] -> after how many crashes it is a suspect
-- ARGV[6] -> maxCrashes, after which it is none any more
-- ARGV[7] -> 'normal'; 'suspect' to take only suspects that may run among their like; 'lone' to take only those that
--            were in a crash so, or need to be in only one more
-- ARGV[8…] -> for each route: how many deliveries may be taken
-- Output: for each route {taken, left, suspects}: taken a list of {source, id, fields, delivery count}, left the number
--         of ripe deliveries that were not taken for want of room, suspects the number of ripe suspects not taken
local group, consumer, leaseMs, confirmMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local suspectFrom, maxCrashes, mode = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local PAGE = 1000

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Whether the delivery has been noted long enough; notes it otherwise.
local function isRipe(notes, field, owner, deliveries)
  local mark = owner .. ' ' .. deliveries .. ' '
  local note = redis.call('HGET', notes, field)
  if note and string.sub(note, 1, #mark) == mark then
    return now - tonumber(string.sub(note, #mark + 1)) >= confirmMs
  end
  redis.call('HSET', notes, field, mark .. string.format('%.0f', now))
  return false
end

local function take(stream, source, id, deliveries, taken)
  if mode ~= 'normal' then
    -- It counts when it is begun with; see begin-suspect.lua.
    local claimed = redis.call('XCLAIM', stream, group, consumer, leaseMs, id, 'JUSTID')[1]
    local entry = claimed and redis.call('XRANGE', stream, id, id)[1]
    if entry then taken[#taken + 1] = {source, id, entry[2], deliveries} end
    return
  end
  local entry = redis.call('XCLAIM', stream, group, consumer, leaseMs, id)[1]
  if entry then taken[#taken + 1] = {source, id, entry[2], deliveries + 1} end
end

local function visit(stream, source, notes, seen, state)
  local pending = redis.pcall('XPENDING', stream, group, 'IDLE', leaseMs, '-', '+', PAGE)
  if pending.err then return end
  if #pending == PAGE then state.complete = false end
  for _, delivery in ipairs(pending) do
    local id, owner, deliveries = delivery[1], delivery[2], delivery[4]
    local field = source .. ':' .. id
    seen[field] = true
    if isRipe(notes, field, owner, deliveries) then
      local kind = 'normal'
      if deliveries >= suspectFrom and deliveries < maxCrashes then
        kind = (deliveries > suspectFrom or deliveries == maxCrashes - 1) and 'lone' or 'suspect'
      end
      if kind ~= mode then
        if kind ~= 'normal' then state.suspects = state.suspects + 1 end
      elseif #state.taken >= state.room then
        state.left = state.left + 1
      else
        take(stream, source, id, deliveries, state.taken)
        redis.call('HDEL', notes, field)
      end
    end
  end
end

local results = {}
for route = 1, #KEYS / 3 do
  local log, inbox, notes = KEYS[route * 3 - 2], KEYS[route * 3 - 1], KEYS[route * 3]
  local seen = {}
  local state = {taken = {}, left = 0, suspects = 0, complete = true, room = tonumber(ARGV[7 + route])}
  visit(log, 'log', notes, seen, state)
  visit(inbox, 'inbox', notes, seen, state)
  if state.complete then
    for _, field in ipairs(redis.call('HKEYS', notes)) do
      if not seen[field] then redis.call('HDEL', notes, field) end
    end
  end
  results[route] = {state.taken, state.left, state.suspects}
end
return results
