#!lua flags=allow-oom
-- Counts that a suspect is about to be run, among other suspects or alone: if its process dies now, the suspect may be to
-- blame.
--
-- Invariant: taking a suspect over does not count yet. A process that dies or loses the reply before it starts the
-- suspect blames no message. Repeated calls count once.
--
-- KEYS[1] -> stream
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- ARGV[3] -> entry id
-- ARGV[4] -> delivery count as it was taken over
-- Output: 'begun', or 'lost' when another consumer owns it
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
local delivery = not pending.err and pending[1]
if not delivery or delivery[2] ~= ARGV[2] then return 'lost' end
local count, taken = delivery[4], tonumber(ARGV[4])
if count == taken + 1 then return 'begun' end
if count ~= taken then return 'lost' end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'RETRYCOUNT', taken + 1, 'JUSTID')
return 'begun'
