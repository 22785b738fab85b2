#!lua flags=allow-oom
-- Removes a stopping consumer from its groups.
--
-- Invariant: removing a consumer discards its pending deliveries for good. A consumer that still owns deliveries
-- therefore stays; a sweep removes it after its deliveries have been taken over.
--
-- KEYS -> streams; what the consumer says of itself is beside its log
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- Output: in how many streams it still owns deliveries
local kept = 0
for _, stream in ipairs(KEYS) do
  local pending = redis.pcall('XPENDING', stream, ARGV[1], '-', '+', 1, ARGV[2])
  if not pending.err then
    if pending[1] then
      kept = kept + 1
    else
      redis.call('XGROUP', 'DELCONSUMER', stream, ARGV[1], ARGV[2])
    end
  end
  local base = string.match(stream, '^(.*):log$')
  if base then
    redis.call('HDEL', base .. ':here:' .. ARGV[1], ARGV[2])
    redis.call('DEL', base .. ':held:' .. ARGV[1] .. ':' .. ARGV[2])
  end
end
return kept
