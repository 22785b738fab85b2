#!lua flags=allow-oom
-- Moves what is due from the schedule to where it belongs, and says who keeps the route tidy.
--
-- Invariants: an entry is appended and unscheduled in one step, so that whoever is killed at whatever moment, it is
-- moved once. An entry that cannot be appended is set aside for a minute and never holds up the others, nor does a route
-- with a key of another type. Recurring sends are left to the caller, who knows how to go by their rules.
--
-- KEYS -> logs; the routes' other keys are derived and in the same slot
-- ARGV[1] -> sweeper's name
-- ARGV[2] -> how long it holds the lease, ms
-- ARGV[3] -> how many entries to move at most, for each route
-- Output: {now, for each route {'holder' or 'other', moved, set aside, next due, expired, next tick, state}}, or
--         {'broken', why} for a route that cannot be swept. Instants are epoch ms; next due is '' when nothing is
--         scheduled, next tick when there are no recurring sends; expired is how many messages are past their time to
--         live; state changes whenever there may be more to trim than before, and is '' where there is nothing, and for
--         those who do not keep the route tidy
local ASIDE_MS = 60000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local nowText = string.format('%.0f', now)

-- Of a scheduled entry, which names its target first.
local function fieldOf(entry, name)
  for i = 2, #entry, 2 do
    if entry[i] == name then return entry[i + 1] end
  end
end

-- From now on a caller's own id leads to its entry; see publish-units.lua.
local function remember(base, id, entry)
  local sent = base .. ':sent:' .. id
  local mark = redis.pcall('GET', sent)
  local digest = type(mark) == 'string' and string.match(mark, '^(%x+)  ')
  -- Its entry is appended by now: an error here would have it appended again.
  if digest then redis.pcall('SET', sent, digest .. ' ' .. entry .. ' ' .. id, 'KEEPTTL') end
end

local function append(base, packed)
  local entry = cmsgpack.unpack(packed)
  if type(entry) ~= 'table' or type(entry[1]) ~= 'string' then return false end
  local target = entry[1]
  local id = redis.pcall('XADD', base .. ':' .. target, '*', unpack(entry, 2))
  if type(id) == 'table' then return false end
  local messageId = target == 'log' and fieldOf(entry, 'i')
  if messageId then remember(base, messageId, id) end
  local expiresAt = fieldOf(entry, 'x')
  if expiresAt then redis.pcall('ZADD', base .. ':expiry', expiresAt, target .. '|' .. id) end
  return true
end

-- Few enough that their payloads fit into memory at once, however large they are.
local TOGETHER = 25

local function promote(base, limit)
  local schedule, scheduled = base .. ':schedule', base .. ':scheduled'
  local members = redis.call('ZRANGE', schedule, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, limit)
  local aside = {}
  for from = 1, #members, TOGETHER do
    local last = math.min(from + TOGETHER - 1, #members)
    local packed = redis.call('HMGET', scheduled, unpack(members, from, last))
    local done = {}
    for i = from, last do
      local entry = packed[i - from + 1]
      -- Whatever may be wrong with one, what was appended before it must be unscheduled.
      local ok, appended = true, true
      if entry then ok, appended = pcall(append, base, entry) end
      if ok and appended then
        done[#done + 1] = members[i]
      else
        aside[#aside + 1] = string.format('%.0f', now + ASIDE_MS)
        aside[#aside + 1] = members[i]
      end
    end
    if #done > 0 then
      redis.call('ZREM', schedule, unpack(done))
      redis.call('HDEL', scheduled, unpack(done))
    end
  end
  if #aside > 0 then redis.call('ZADD', schedule, unpack(aside)) end
  return #members - #aside / 2, #aside / 2
end

-- part: stream-info

local function firstDue(key) return redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or '' end

-- What a group has finished cannot grow unless it was given more or has less pending. Inboxes are short: what is left in
-- one by a crash goes at the next trimming, so that one that holds anything always counts as changed.
local function stateOf(base)
  local log = base .. ':log'
  local groups = rowsOf('GROUPS', log)
  if #groups == 0 then return '' end
  local state = {redis.call('XLEN', log), unpack(redis.call('HVALS', base .. ':replays'))}
  for _, group in ipairs(groups) do
    state[#state + 1] = group.name .. ' ' .. group.pending .. ' ' .. group['last-delivered-id']
    local waiting = redis.pcall('XLEN', base .. ':inbox:' .. group.name)
    if waiting ~= 0 then state[#state + 1] = nowText end
  end
  return redis.sha1hex(table.concat(state, '\n'))
end

-- What was moved counts, also where the server refuses to tell of groups.
local function hintOf(base)
  local isTold, state = pcall(stateOf, base)
  return isTold and state or ''
end

local function sweep(base)
  local sweeper = base .. ':sweeper'
  local holder = redis.call('GET', sweeper)
  if not holder or holder == ARGV[1] then
    redis.call('SET', sweeper, ARGV[1], 'PX', ARGV[2])
    holder = ARGV[1]
  end
  local moved, aside = promote(base, ARGV[3])
  local expired = redis.call('ZCOUNT', base .. ':expiry', '-inf', nowText)
  local isHolder = holder == ARGV[1]
  return {
    isHolder and 'holder' or 'other', moved, aside, firstDue(base .. ':schedule'), expired, firstDue(base .. ':ticks'),
    isHolder and hintOf(base) or '',
  }
end

local results = {nowText}
for index, log in ipairs(KEYS) do
  local ok, result = pcall(sweep, string.sub(log, 1, -5))
  if not ok then result = {'broken', type(result) == 'table' and result.err or tostring(result)} end
  results[index + 1] = result
end
return results
