#!lua flags=no-writes
-- Tells which commands the user of this connection may not run, inside scripts and outside of them. Runs none of them.
--
-- Each is asked for as a complete call: Redis 7.0 ends itself when it is asked about one that lacks an argument.
--
-- KEYS[1] -> a key of ours; if it is not permitted, this call itself is refused
-- ARGV -> for each command: the number of its words, then the words
-- Output: those that are not permitted, as they were given
local missing = {}
-- Some servers that speak Redis' protocol cannot tell.
if not redis.acl_check_cmd then return missing end
local at = 1
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  local words = {unpack(ARGV, at + 1, last)}
  -- It throws for a command that the server does not know, which nobody could permit.
  local ok, permitted = pcall(redis.acl_check_cmd, unpack(words))
  if ok and not permitted then missing[#missing + 1] = words end
  at = last + 1
end
return missing
