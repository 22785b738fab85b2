#!lua flags=allow-oom
-- Creates a group on a route's log and on its inbox, unless it exists.
--
-- Full memory does not stop a consumer from starting: consuming is what frees memory.
--
-- KEYS[1] -> log
-- KEYS[2] -> group's inbox
-- KEYS[3] -> the route's groups that want what expires as dead letters
-- ARGV[1] -> group
-- ARGV[2] -> id on the log after which it begins
-- ARGV[3] -> whether it wants what expires as dead letters: 'yes', 'no', or '' to leave it as it is
-- Output: 'created' or 'known', as to the log
local function create(stream, from)
  local reply = redis.pcall('XGROUP', 'CREATE', stream, ARGV[1], from, 'MKSTREAM')
  if not reply.err then return 'created' end
  if string.find(reply.err, 'BUSYGROUP', 1, true) then return 'known' end
  return reply
end

local made = create(KEYS[1], ARGV[2])
if type(made) == 'table' then return made end
-- Whatever is in an inbox was put there for this group.
local inbox = create(KEYS[2], '0')
if type(inbox) == 'table' then return inbox end
-- The process that keeps the route tidy need not know this group's options.
if ARGV[3] ~= '' then redis.call(ARGV[3] == 'yes' and 'SADD' or 'SREM', KEYS[3], ARGV[1]) end
return made
