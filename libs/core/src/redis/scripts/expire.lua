#!lua flags=allow-oom
-- Expires messages whose time to live has passed, so their memory is freed without a reader; one slice per call.
--
-- Invariant: a message in flight anywhere is left alone; its own consumer settles it, and the next trimming removes its
-- entry. A group that keeps its expired messages gets a copy in its dead letters in the same step. On a route without
-- groups expired messages are removed too: nothing else would free them. A message that cannot be expired is set aside
-- for a minute and does not block the others.
--
-- Groups are looked up once per stream, never per entry; bodies are read only if a group keeps them. A slice is bounded
-- in entries, copies and bytes. If an entry has more groups than that, the groups that have their copies are noted, and
-- the entry stays until all have theirs.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> maximum number to examine
-- Output: {how many entries were removed, 'more' or 'done', for each that was set aside two: what it is, and why}
local log, limit = KEYS[1], tonumber(ARGV[1])
local base = string.sub(log, 1, -5)
local expiry, burying = base .. ':expiry', base .. ':burying'
local copiesLeft, bytesLeft, pendingsLeft = 250, 2 ^ 20, 2000
local ASIDE_MS = 60000
-- Below the number of arguments that Lua can pass in one call.
local MAX_FIELDS = 7000

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- part: stream-info

local keepers = {}
for _, group in ipairs(redis.call('SMEMBERS', base .. ':keepers')) do keepers[group] = true end

-- Returns the entry as a dead letter. An unreadable history is dropped, and fields beyond the limit are cut.
local function deadLetterOf(fields, origin)
  local isHistory = fields[1] == 'm'
  local ok, history = true, {origin = origin, attempts = 0, crashes = 0}
  if isHistory then ok, history = pcall(cjson.decode, fields[2]) end
  local written
  if ok and type(history) == 'table' then
    history.reason = #fields <= MAX_FIELDS and 'expired' or 'undecodable'
    -- A number that is infinite or none can be read, but not written.
    ok, written = pcall(cjson.encode, history)
  end
  if not ok or not written then
    written = cjson.encode({origin = origin, attempts = 0, crashes = 0, reason = 'undecodable'})
  end
  local body = {'m', written}
  for i = isHistory and 3 or 1, math.min(#fields, MAX_FIELDS) do body[#body + 1] = fields[i] end
  return body
end

-- Returns an id as text that sorts like the id.
local function sortable(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #number) .. number
end

-- Returns the groups of a stream, the last id delivered to each, and the keepers, least delivered first.
local function readersOf(stream)
  local groups, keeping, least = rowsOf('GROUPS', stream), {}, nil
  for _, group in ipairs(groups) do
    group.given = sortable(group['last-delivered-id'])
    if not least or group.given < least then least = group.given end
    if keepers[group.name] then keeping[#keeping + 1] = group end
  end
  table.sort(keeping, function(a, b) return a.given < b.given end)
  return groups, keeping, least
end

-- Returns which entries between two ids are in flight, and the id up to which that is known; nil if for all.
local function inFlight(stream, groups, first, last)
  local holding = {}
  for _, group in ipairs(groups) do
    if group.pending > 0 then holding[#holding + 1] = group.name end
  end
  local held, known = {}, nil
  local page = math.max(4, math.floor(pendingsLeft / math.max(1, #holding)))
  for _, name in ipairs(holding) do
    local pending = redis.call('XPENDING', stream, name, first, last, page)
    for _, each in ipairs(pending) do held[each[1]] = true end
    local reached = #pending == page and sortable(pending[page][1])
    if reached and (not known or reached < known) then known = reached end
    pendingsLeft = pendingsLeft - #pending
  end
  return held, known
end

-- Redis has no rollback: check that all of them can be written before the first write.
local isDeadStream = {}
local function checkDead(group)
  if isDeadStream[group.name] then return end
  local key = base .. ':dead:' .. group.name
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= 'stream' then error('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a stream', 0) end
  isDeadStream[group.name] = true
end

-- Returns true when all groups have their copies.
local function bury(stream, entry, waiting)
  local found = redis.call('XRANGE', stream, entry.id, entry.id)[1]
  if not found then return true end
  for _, group in ipairs(waiting) do checkDead(group) end
  table.sort(waiting, function(a, b) return a.name < b.name end)
  local body, bytes = deadLetterOf(found[2], entry.id), 0
  for _, text in ipairs(body) do bytes = bytes + #text end
  bytesLeft = bytesLeft - bytes
  local reached = redis.call('HGET', burying, entry.member)
  for index, group in ipairs(waiting) do
    if not reached or reached < group.name then
      redis.call('XADD', base .. ':dead:' .. group.name, '*', unpack(body))
      copiesLeft, bytesLeft = copiesLeft - 1, bytesLeft - bytes
      if (copiesLeft <= 0 or bytesLeft <= 0) and index < #waiting then
        redis.call('HSET', burying, entry.member, group.name)
        return false
      end
    end
  end
  return true
end

-- Expires an entry that is not in flight. Returns the number removed; nil if it needs another call.
local function endWait(stream, entry, keeping, least)
  -- On the log an entry that every group has finished is history, and kept or trimmed as such.
  if least and entry.at <= least then return 0 end
  local waiting = {}
  for _, group in ipairs(keeping) do
    if entry.at <= group.given then break end
    waiting[#waiting + 1] = group
  end
  if #waiting > 0 and not bury(stream, entry, waiting) then return nil end
  return redis.call('XDEL', stream, entry.id)
end

local removed, hasMore, aside, done = 0, false, {}, {}
local function expire(stream, entries)
  table.sort(entries, function(a, b) return a.at < b.at end)
  local groups, keeping, least = readersOf(stream)
  local held, known = inFlight(stream, groups, entries[1].id, entries[#entries].id)
  for _, entry in ipairs(entries) do
    if copiesLeft <= 0 or bytesLeft <= 0 or (known and known < entry.at) then
      hasMore = true
      return
    end
    local ok, result = true, 0
    if not held[entry.id] then ok, result = pcall(endWait, stream, entry, keeping, least) end
    if ok and not result then
      hasMore = true
      return
    end
    if ok then
      removed = removed + result
      done[#done + 1] = entry.member
    else
      aside[#aside + 1] = entry.member
      aside[#aside + 1] = type(result) == 'table' and result.err or tostring(result)
    end
  end
end

local members = redis.call('ZRANGE', expiry, '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, limit)
hasMore = #members == limit
local targets, byTarget = {}, {}
for _, member in ipairs(members) do
  local target, id = string.match(member, '^(.*)|(%d+%-%d+)$')
  if not target then
    done[#done + 1] = member
  else
    if not byTarget[target] then
      targets[#targets + 1], byTarget[target] = target, {}
    end
    table.insert(byTarget[target], {member = member, id = id, at = sortable(id)})
  end
end
for _, target in ipairs(targets) do
  expire(base .. ':' .. target, byTarget[target])
end
if #done > 0 then
  redis.call('ZREM', expiry, unpack(done))
  redis.call('HDEL', burying, unpack(done))
end
for i = 1, #aside, 2 do redis.call('ZADD', expiry, string.format('%.0f', now + ASIDE_MS), aside[i]) end
return {removed, hasMore and 'more' or 'done', unpack(aside)}
