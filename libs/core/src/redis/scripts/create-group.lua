#!lua flags=allow-oom
-- Creates a group on a route's log and on its inbox, where it is not there yet.
--
-- Full memory does not keep a consumer from starting: what it consumes is what frees memory.
--
-- KEYS[1] -> log
-- KEYS[2] -> group's inbox
-- ARGV[1] -> group
-- ARGV[2] -> id on the log after which it begins
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
return made
