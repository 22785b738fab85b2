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
-- Output: {now, for each route {'holder' or 'other', moved, set aside, next due, expired, next tick}}, or {'broken', why}
--         for a route that cannot be swept. Instants are epoch ms; next due is '' when nothing is scheduled, next tick
--         when there are no recurring sends; expired is how many messages are past their time to live
local ASIDE_MS = 60000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local nowText = string.format('%.0f', now)

local function fieldOf(fields, name)
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
end

-- From now on a caller's own id leads to its entry; see publish-units.lua.
local function remember(base, id, entry)
  local sent = base .. ':sent:' .. id
  local mark = redis.pcall('GET', sent)
  local digest = type(mark) == 'string' and string.match(mark, '^(%x+)  ')
  if digest then redis.call('SET', sent, digest .. ' ' .. entry .. ' ' .. id, 'KEEPTTL') end
end

local function append(base, packed)
  local ok, entry = pcall(cmsgpack.unpack, packed)
  if not ok or type(entry) ~= 'table' or type(entry[1]) ~= 'string' then return false end
  local target = table.remove(entry, 1)
  local id = redis.pcall('XADD', base .. ':' .. target, '*', unpack(entry))
  if type(id) == 'table' then return false end
  local messageId = target == 'log' and fieldOf(entry, 'i')
  if messageId then remember(base, messageId, id) end
  local expiresAt = fieldOf(entry, 'x')
  if expiresAt then redis.pcall('ZADD', base .. ':expiry', expiresAt, target .. '|' .. id) end
  return true
end

local function promote(base, limit)
  local schedule, scheduled = base .. ':schedule', base .. ':scheduled'
  local moved, aside = 0, 0
  for _, member in ipairs(redis.call('ZRANGE', schedule, '-inf', nowText, 'BYSCORE', 'LIMIT', 0, limit)) do
    local packed = redis.call('HGET', scheduled, member)
    if packed and not append(base, packed) then
      redis.call('ZADD', schedule, string.format('%.0f', now + ASIDE_MS), member)
      aside = aside + 1
    else
      redis.call('ZREM', schedule, member)
      redis.call('HDEL', scheduled, member)
      moved = moved + 1
    end
  end
  return moved, aside
end

local function firstDue(key) return redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or '' end

local function sweep(base)
  local sweeper = base .. ':sweeper'
  local holder = redis.call('GET', sweeper)
  if not holder or holder == ARGV[1] then
    redis.call('SET', sweeper, ARGV[1], 'PX', ARGV[2])
    holder = ARGV[1]
  end
  local moved, aside = promote(base, ARGV[3])
  local expired = redis.call('ZCOUNT', base .. ':expiry', '-inf', nowText)
  local role = holder == ARGV[1] and 'holder' or 'other'
  return {role, moved, aside, firstDue(base .. ':schedule'), expired, firstDue(base .. ':ticks')}
end

local results = {nowText}
for index, log in ipairs(KEYS) do
  local ok, result = pcall(sweep, string.sub(log, 1, -5))
  if not ok then result = {'broken', type(result) == 'table' and result.err or tostring(result)} end
  results[index + 1] = result
end
return results
