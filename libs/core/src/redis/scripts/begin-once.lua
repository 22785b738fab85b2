#!lua flags=allow-oom
-- Lets one delivery per idempotency key run at a time.
--
-- Invariant: a key is free, running (owned while its owner's lease lasts) or done. It becomes done in the step that
-- acks (ack-once.lua), and free in the step that hands a failure over (hand-over.lua). An owner's mark lasts no longer
-- than its lease, even when the server's clock was set back.
--
-- KEYS[1] -> mark of the key: 'running <owner> <lease of the owner, ms>' or 'done'; earlier versions leave out the lease
-- ARGV[1] -> owner: consumer and entry
-- ARGV[2] -> lease, ms
-- Output: {'run'}, {'done'}, or {'busy', how long its owner's lease still lasts, ms}
local mark = redis.call('GET', KEYS[1])
local running = 'running ' .. ARGV[1]
if mark == 'done' then return {'done'} end
if mark and mark ~= running and string.sub(mark, 1, #running + 1) ~= running .. ' ' then
  local leftMs = redis.call('PTTL', KEYS[1])
  local leaseMs = tonumber(string.match(mark, '^running %S+ %S+ %S+ (%d+)$'))
  if leaseMs and leftMs > leaseMs then
    redis.call('PEXPIRE', KEYS[1], leaseMs)
    leftMs = leaseMs
  end
  return {'busy', leftMs}
end
redis.call('SET', KEYS[1], running .. ' ' .. ARGV[2], 'PX', ARGV[2])
return {'run'}
