#!lua flags=no-writes
-- Returns which commands this connection's user may not run, inside or outside scripts, and which the server lacks or
-- hides. Runs none of them.
--
-- Each is checked as a complete call: Redis 7.0 crashes when it is asked about a command that lacks an argument.
--
-- KEYS[1] -> a LeanMQ key; if it is not permitted, Redis refuses this call itself
-- ARGV -> for each command: the number of its words, then the words
-- Output: for each that is not there 'absent' and its words as they were given, for each that is not permitted 'denied'
local missing = {}
-- Some servers that speak Redis' protocol cannot check permissions.
if not redis.acl_check_cmd then return missing end
local at = 1
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  local words = {unpack(ARGV, at + 1, last)}
  -- Throws for a command that the server does not know: hidden by a managed service, or renamed.
  local ok, permitted = pcall(redis.acl_check_cmd, unpack(words))
  if not ok then missing[#missing + 1] = {'absent', unpack(words)} end
  if ok and not permitted then missing[#missing + 1] = {'denied', unpack(words)} end
  at = last + 1
end
return missing
