#!lua flags=allow-oom
-- Takes over deliveries whose consumer no longer renews their leases, at the second sighting.
--
-- Invariants: a stale delivery is only noted at first, and taken over later if it has stayed stale. An outage of Redis,
-- during which no consumer can renew, therefore does not make consumers take each other's work. A delivery that has
-- crashed its process twice is a suspect: it waits until a process runs nothing but suspects. After one more crash it
-- runs alone, so only a message that ran alone ever reaches `maxCrashes`. One call is bounded in deliveries and bytes;
-- its reply says where to continue.
--
-- KEYS -> for each route: log, group's inbox, group's stale notes ("<source>:<id>" -> "<owner> <count> <first seen>")
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- ARGV[3] -> lease, ms
-- ARGV[4] -> how long a delivery must have been noted before it is taken, ms
-- ARGV[5] -> after how many crashes it is a suspect
-- ARGV[6] -> maxCrashes, after which it is no longer a suspect
-- ARGV[7] -> 'normal'; 'suspect' to take only suspects that may run among their like; 'lone' to take only those that
--            were in a crash so, or need to be in only one more
-- ARGV[8] -> 'look' to note also what there is no room for; 'take' to stop at it
-- ARGV[9] -> bytes that may be taken in all; one delivery is taken whatever its size
-- ARGV[10…] -> for each route three: how many deliveries may be taken; after which id to go on in its log and in its inbox:
--              '' for the beginning, 'end' to leave it out
-- Output: the server's time, epoch ms; then for each route 'bare' where the group has nothing pending, stale or not; or
--         {taken, left, suspects, log, inbox, problem}: taken a list of {source, id, fields, delivery count}, left the
--         number of ripe deliveries that were not taken for want of room, suspects the number of ripe suspects not taken,
--         log and inbox the cursors to continue from, problem why the route could not be examined, or ''
local group, consumer, leaseMs, confirmMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local suspectFrom, maxCrashes, mode = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local stopsAtFull, bytesLeft = ARGV[8] == 'take', tonumber(ARGV[9])
local PAGE, rowsLeft, hasTaken, isFull = 500, 500, false, false

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Returns true when the delivery has been stale long enough since it was noted; notes it if not. A note from the future is from
-- before the server's clock was set back.
local function isRipe(notes, field, owner, deliveries, idleMs)
  local mark = owner .. ' ' .. deliveries .. ' '
  local note = redis.call('HGET', notes, field)
  if note and string.sub(note, 1, #mark) == mark then
    local agoMs = now - (tonumber(string.sub(note, #mark + 1)) or now)
    if agoMs >= 0 and agoMs <= idleMs then return agoMs >= confirmMs end
  end
  redis.call('HSET', notes, field, mark .. string.format('%.0f', now))
  return false
end

local function sizeOf(fields)
  local size = 0
  for _, field in ipairs(fields) do size = size + #field end
  return size
end

-- Takes the delivery over unless it exceeds the remaining bytes; then no other body is read. Reads before it claims.
local function take(stream, source, id, deliveries, taken)
  local entry = redis.call('XRANGE', stream, id, id)[1]
  local size = entry and sizeOf(entry[2]) or 0
  if hasTaken and size > bytesLeft then
    isFull = true
    return false
  end
  local claimed
  if mode == 'normal' then
    deliveries = deliveries + 1
    claimed = redis.call('XCLAIM', stream, group, consumer, leaseMs, id, 'RETRYCOUNT', deliveries, 'JUSTID')[1]
  else
    -- A suspect counts when it starts; see begin-suspect.lua.
    claimed = redis.call('XCLAIM', stream, group, consumer, leaseMs, id, 'JUSTID')[1]
  end
  if claimed and entry then
    taken[#taken + 1] = {source, id, entry[2], deliveries}
    bytesLeft, hasTaken = bytesLeft - size, true
  end
  return true
end

local function kindOf(deliveries)
  if deliveries < suspectFrom or deliveries >= maxCrashes then return 'normal' end
  return (deliveries > suspectFrom or deliveries == maxCrashes - 1) and 'lone' or 'suspect'
end

-- Returns the id to continue after, or 'end'.
local function visit(stream, source, notes, from, seen, state)
  while from ~= 'end' and rowsLeft > 0 do
    local count = math.min(PAGE, rowsLeft)
    if stopsAtFull then count = math.min(count, 16 + 2 * (state.room - #state.taken)) end
    local start = from == '' and '-' or '(' .. from
    local pending = redis.pcall('XPENDING', stream, group, 'IDLE', leaseMs, start, '+', count)
    if pending.err then
      if not string.find(pending.err, '^NOGROUP') then state.problem = pending.err end
      return 'end'
    end
    rowsLeft = rowsLeft - #pending - 1
    for _, delivery in ipairs(pending) do
      local id, owner, deliveries = delivery[1], delivery[2], delivery[4]
      local field = source .. ':' .. id
      seen[field] = true
      if isRipe(notes, field, owner, deliveries, delivery[3]) then
        local kind = kindOf(deliveries)
        if kind ~= mode then
          if kind ~= 'normal' then state.suspects = state.suspects + 1 end
        elseif not isFull and #state.taken < state.room and take(stream, source, id, deliveries, state.taken) then
          redis.call('HDEL', notes, field)
        else
          state.left = state.left + 1
          if stopsAtFull then return from end
        end
      end
      from = id
    end
    if #pending < count then return 'end' end
  end
  return from
end

-- Most routes of a process with thousands have nothing pending: one short look tells, and no note is stale there.
local function isBare(log, inbox, notes)
  for _, stream in ipairs({log, inbox}) do
    local pending = redis.pcall('XPENDING', stream, group, '-', '+', 1)
    if pending.err or #pending > 0 then return false end
  end
  return redis.call('EXISTS', notes) == 0
end

-- What the Output says of one route.
local function look(route, log, inbox, notes)
  local room, logFrom, inboxFrom = unpack(ARGV, 7 + route * 3, 9 + route * 3)
  local state, seen = {taken = {}, left = 0, suspects = 0, problem = '', room = tonumber(room)}, {}
  local found = redis.call('TYPE', notes).ok
  if found ~= 'none' and found ~= 'hash' then
    state.problem = 'WRONGTYPE ' .. notes .. ' is a ' .. found .. ', not a hash'
    logFrom, inboxFrom = 'end', 'end'
  else
    local isWhole = logFrom == '' and inboxFrom == ''
    logFrom = visit(log, 'log', notes, logFrom, seen, state)
    inboxFrom = visit(inbox, 'inbox', notes, inboxFrom, seen, state)
    isWhole = isWhole and logFrom == 'end' and inboxFrom == 'end' and redis.call('HLEN', notes) <= PAGE
    -- Notes about deliveries that are no longer stale are useless; if there are many, the key is deleted.
    if isWhole then
      for _, field in ipairs(redis.call('HKEYS', notes)) do
        if not seen[field] then redis.call('HDEL', notes, field) end
      end
    else
      redis.call('PEXPIRE', notes, 10 * leaseMs)
    end
  end
  return {state.taken, state.left, state.suspects, logFrom, inboxFrom, state.problem}
end

local results = {now}
for route = 1, #KEYS / 3 do
  local log, inbox, notes = KEYS[route * 3 - 2], KEYS[route * 3 - 1], KEYS[route * 3]
  results[route + 1] = isBare(log, inbox, notes) and 'bare' or look(route, log, inbox, notes)
end
return results
