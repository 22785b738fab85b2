#!lua flags=allow-oom
-- Removes a group from a route, with everything that belongs to it. Its scheduled retries follow, one slice at a time
-- (purge-retries.lua).
--
-- Invariants: a group with in-flight deliveries or a live consumer is removed by force only. Everything that would stop
-- the log from being trimmed is removed in this one step.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> group
-- ARGV[2] -> 'force' or ''
-- ARGV[3] -> 'drop' or 'keep': policy for its dead letters
-- Output: {'removed', how many messages waited for it, how many dead letters are left}, {'missing', 0, dead letters
--         left}, {'active', name of a consumer}, {'in-flight', how many}
local log, group, force, drop = KEYS[1], ARGV[1], ARGV[2] == 'force', ARGV[3] == 'drop'
local base = string.sub(log, 1, -5)
local inbox, dead, stale = base .. ':inbox:' .. group, base .. ':dead:' .. group, base .. ':stale:' .. group

-- part: wrong-type
local problem = wrongType({
  [log] = 'stream', [inbox] = 'stream', [dead] = 'stream',
  [base .. ':purged'] = 'hash', [base .. ':replays'] = 'hash', [base .. ':keepers'] = 'set',
  [base .. ':here:' .. group] = 'hash',
})
if problem then return problem end

-- part: stream-info

local function readerOf(stream)
  for _, row in ipairs(rowsOf('GROUPS', stream)) do
    if row.name == group then return row end
  end
end

-- Returns the name of a consumer whose sign of life is still valid.
local function consumerHere()
  local time = redis.call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local here = redis.call('HGETALL', base .. ':here:' .. group)
  for i = 1, #here, 2 do
    if (tonumber(string.match(here[i + 1], '^%d+')) or 0) > now then return here[i] end
  end
end

local onLog, onInbox = readerOf(log), readerOf(inbox)
local inFlight = (onLog and onLog.pending or 0) + (onInbox and onInbox.pending or 0)
if not force then
  local consumer = consumerHere()
  if consumer then return {'active', consumer} end
  if inFlight > 0 then return {'in-flight', inFlight} end
end

local dropped = redis.call('XLEN', inbox) - (onInbox and onInbox.pending or 0)
if onLog then
  dropped = dropped + (onLog.lag or 0)
  redis.call('XGROUP', 'DESTROY', log, group)
end
redis.call('UNLINK', inbox, stale, base .. ':rate:' .. group, base .. ':here:' .. group)
if drop then redis.call('UNLINK', dead) end

redis.call('HDEL', base .. ':purged', 'log:' .. group, 'inbox:' .. group)
-- A stopped replay blocks trimming until it is resumed.
local replays = redis.call('HGETALL', base .. ':replays')
for i = 1, #replays, 2 do
  local ok, what = pcall(cjson.decode, string.match(replays[i + 1], '^%S+ (.*)$') or '')
  if ok and type(what) == 'table' and what.group == group then redis.call('HDEL', base .. ':replays', replays[i]) end
end
redis.call('SREM', base .. ':keepers', group)
return {onLog and 'removed' or 'missing', dropped, redis.call('XLEN', dead)}
