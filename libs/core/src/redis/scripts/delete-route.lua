#!lua flags=allow-oom
-- Deletes a route's data from Redis after its tombstone was written to the registry.
--
-- Recurring sends are deleted too: the next tick would revive the route.
--
-- Keys with their own time to live (marks of publishers and of idempotent handlers) are left to expire. A resent batch
-- must still find that it was applied, and a completed effect must stay completed.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> 'drop' or 'keep': policy for the dead letters
-- ARGV[2…] -> groups, besides those of the log
-- Output: how many messages were on the log
local log = KEYS[1]
local base = string.sub(log, 1, -5)

-- part: stream-info

local groups = {}
for i = 2, #ARGV do groups[ARGV[i]] = true end
for _, row in ipairs(rowsOf('GROUPS', log)) do groups[row.name] = true end

local keys = {}
local function add(key)
  keys[#keys + 1] = key
  if #keys < 1000 then return end
  redis.call('UNLINK', unpack(keys))
  keys = {}
end

local messages = redis.pcall('XLEN', log)
for _, what in ipairs({
  'log', 'schedule', 'scheduled', 'schedule-purged', 'expiry', 'sweeper', 'purged', 'replays', 'keepers', 'recurring', 'ticks',
  'milestones', 'burying',
}) do
  add(base .. ':' .. what)
end
for group in pairs(groups) do
  for _, what in ipairs({'inbox', 'stale', 'rate', 'here', 'unread'}) do add(base .. ':' .. what .. ':' .. group) end
  if ARGV[1] == 'drop' then add(base .. ':dead:' .. group) end
end
if #keys > 0 then redis.call('UNLINK', unpack(keys)) end
return type(messages) == 'number' and messages or 0
