#!lua flags=allow-oom
-- Forgets the locations of recurring sends that no longer exist.
--
-- Invariant: a recurring send that was created again since the read is kept. Creating one writes its location
-- afterwards, with a different value.
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
