#!lua flags=allow-oom
-- Moves due messages from the schedule to their targets, and returns which process keeps each route tidy. A call moves
-- one slice: its entries and bytes are bounded over all routes, and shared by the routes that have something due.
--
-- Invariants: an entry is appended and unscheduled in one step, so a crash at any moment still moves it once. An entry
-- that cannot be appended is set aside for a minute and never blocks the others, nor does a route with a key of another
-- type. Recurring sends are left to the caller, which can evaluate their rules.
--
-- KEYS -> logs; the routes' other keys are derived from them, in the same slot
-- ARGV[1] -> sweeper's name
-- ARGV[2] -> how long it holds the lease, ms
-- ARGV[3] -> how many entries to move at most
-- Output: {now, for each route {'holder' or 'other', moved, set aside, next due, expired, next tick, state, problem}}.
--         Instants are epoch ms; set aside is a list of members of the schedule; next due is '' when nothing is scheduled,
--         and past when there is more to move; next tick is '' when there are no recurring sends; expired is how many
--         messages are past their time to live; state changes whenever there may be more to trim than before, and is ''
--         where there is nothing, and for processes that do not keep the route tidy; problem is what kept some of it from
--         being done, or ''
local ASIDE_MS = 60000
local movesLeft, bytesLeft, groupsLeft = tonumber(ARGV[3]), 2 ^ 20, 1000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local nowText = string.format('%.0f', now)

-- Splits a scheduled entry, whose first field names its target.
local function fieldOf(entry, name)
  for i = 2, #entry, 2 do
    if entry[i] == name then return entry[i + 1] end
  end
end

-- Makes a custom id point to its entry; see publish-units.lua.
local function remember(base, id, entry)
  local sent = base .. ':sent:' .. id
  local mark = redis.pcall('GET', sent)
  local digest = type(mark) == 'string' and string.match(mark, '^(%x+)  ')
  -- The entry is already appended: an error here would append it again.
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

-- Taken in turns of this many, so a long schedule does not delay the other routes.
local TOGETHER = 20

-- Moves some due entries of the route. Returns whether there may be more.
local function promote(route)
  local schedule, scheduled = route.base .. ':schedule', route.base .. ':scheduled'
  local members = redis.call('ZRANGE', schedule, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, TOGETHER)
  for _, member in ipairs(members) do
    if movesLeft <= 0 or bytesLeft <= 0 then return false end
    local packed = redis.call('HGET', scheduled, member)
    -- A faulty entry must not block the others.
    local ok, appended = true, true
    if packed then ok, appended = pcall(append, route.base, packed) end
    movesLeft, bytesLeft = movesLeft - 1, bytesLeft - #(packed or '')
    if ok and appended then
      redis.call('ZREM', schedule, member)
      redis.call('HDEL', scheduled, member)
      route.moved = route.moved + 1
    else
      redis.call('ZADD', schedule, string.format('%.0f', now + ASIDE_MS), member)
      route.aside[#route.aside + 1] = member
    end
  end
  return #members == TOGETHER
end

-- part: stream-info

-- A group's finished entries cannot grow unless it received more or has fewer pending. Inboxes are short: what is left in
-- one by a crash goes at the next trimming, so that one that holds anything always counts as changed, and so does a route
-- with more groups than can be looked at.
local function stateOf(route)
  local base = route.base
  local log = base .. ':log'
  if groupsLeft <= 0 then return nowText end
  local groups = rowsOf('GROUPS', log)
  if #groups == 0 then return '' end
  groupsLeft = groupsLeft - #groups
  if groupsLeft < 0 then return nowText end
  local state = {redis.call('XLEN', log), unpack(redis.call('HVALS', base .. ':replays'))}
  for _, group in ipairs(groups) do
    state[#state + 1] = group.name .. ' ' .. group.pending .. ' ' .. group['last-delivered-id']
    local waiting = redis.pcall('XLEN', base .. ':inbox:' .. group.name)
    if waiting ~= 0 then state[#state + 1] = nowText end
  end
  return redis.sha1hex(table.concat(state, '\n'))
end

-- Runs a step for the route. A failed step does not block the others.
local function attempt(step, route, ...)
  local ok, result = pcall(step, route, ...)
  if ok then return result end
  if route.problem == '' then route.problem = type(result) == 'table' and result.err or tostring(result) end
end

-- Longer than any process holds the lease, unless it sweeps less than once in three minutes; a second one does no harm.
local LONGEST_LEASE_MS = 600000

local function begin(route)
  local sweeper = route.base .. ':sweeper'
  local holder = redis.call('GET', sweeper)
  if not holder or holder == ARGV[1] then
    redis.call('SET', sweeper, ARGV[1], 'PX', ARGV[2])
    holder = ARGV[1]
  elseif redis.call('PTTL', sweeper) > LONGEST_LEASE_MS then
    -- Written before the server's clock was set back.
    redis.call('PEXPIRE', sweeper, ARGV[2])
  end
  route.isHolder = holder == ARGV[1]
end

local function firstOf(route, what) return redis.call('ZRANGE', route.base .. what, 0, 0, 'WITHSCORES')[2] end
local function expiredOf(route) return redis.call('ZCOUNT', route.base .. ':expiry', '-inf', nowText) end

local routes = {}
for index, log in ipairs(KEYS) do
  routes[index] = {base = string.sub(log, 1, -5), moved = 0, aside = {}, problem = ''}
  attempt(begin, routes[index])
end
-- Rotate the first route: a single large entry may use up the whole budget.
local open, first = {}, now % #routes
for i = 1, #routes do open[i] = routes[(first + i) % #routes + 1] end
while #open > 0 and movesLeft > 0 and bytesLeft > 0 do
  local still = {}
  for _, route in ipairs(open) do
    if attempt(promote, route) then still[#still + 1] = route end
  end
  open = still
end

local results = {nowText}
for index, route in ipairs(routes) do
  local due, expired, tick = attempt(firstOf, route, ':schedule'), attempt(expiredOf, route), attempt(firstOf, route, ':ticks')
  local state = route.isHolder and attempt(stateOf, route)
  results[index + 1] = {
    route.isHolder and 'holder' or 'other', route.moved, route.aside, due or '', expired or 0, tick or '',
    state or '', route.problem,
  }
end
return results
