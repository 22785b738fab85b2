#!lua flags=allow-oom
-- Forgets where recurring sends live that are no more.
--
-- Invariant: one that was made again since it was read is kept. Whoever makes one writes where it lives afterwards, with
-- another value.
--
-- KEYS[1] -> which recurring sends there are
-- ARGV -> id and value as it was read, in turns
-- Output: how many were forgotten
local forgotten = 0
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    forgotten = forgotten + redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
return forgotten
