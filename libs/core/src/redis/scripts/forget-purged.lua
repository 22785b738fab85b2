#!lua flags=allow-oom
-- Releases the ids of purged delayed sends for reuse, one slice at a time; see purge-route.lua.
--
-- Invariant: an id whose send was scheduled again in the meantime, or was published, keeps its mark.
--
-- KEYS[1] -> log; the route's other keys are derived from it, in the same slot
-- ARGV[1] -> maximum number to examine
-- Output: how many are left
local base = string.sub(KEYS[1], 1, -5)
local schedule, leftover = base .. ':schedule', base .. ':schedule-purged'

-- part: wrong-type
local problem = wrongType({[schedule] = 'zset', [leftover] = 'zset'})
if problem then return problem end

-- A mark that points to an entry belongs to another send.
local function forget(member)
  local id = string.match(member, '^send:(.*)$')
  local sent = id and base .. ':sent:' .. id
  local mark = sent and redis.pcall('GET', sent)
  if type(mark) ~= 'string' or not string.match(mark, '^%x+  ') then return end
  if not redis.call('ZSCORE', schedule, member) then redis.call('DEL', sent) end
end

local members = redis.call('ZRANGE', leftover, 0, ARGV[1] - 1)
for _, member in ipairs(members) do forget(member) end
if #members > 0 then redis.call('ZREM', leftover, unpack(members)) end
return redis.call('ZCARD', leftover)
