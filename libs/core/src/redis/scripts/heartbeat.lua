#!lua flags=allow-oom
-- Renews the leases of in-flight deliveries.
--
-- Invariant: only deliveries that are still owned are renewed; a takeover by another consumer is never undone.
--
-- KEYS -> streams
-- ARGV[1] -> group
-- ARGV[2] -> consumer
-- ARGV[3…] -> for each stream: the number of ids, then the ids
-- Output: for each stream a list of the ids that this consumer no longer owns, or whose entry is gone
local group, consumer = ARGV[1], ARGV[2]
local CHUNK = 1000

-- Adds to `lost` what a claim did not return: its entry was deleted, which also took it off the pending list.
local function renew(stream, ids, lost)
  for from = 1, #ids, CHUNK do
    local chunk = {unpack(ids, from, math.min(from + CHUNK - 1, #ids))}
    local size = #chunk
    chunk[size + 1] = 'JUSTID'
    local renewed = {}
    for _, id in ipairs(redis.call('XCLAIM', stream, group, consumer, 0, unpack(chunk))) do renewed[id] = true end
    for i = 1, size do
      if not renewed[chunk[i]] then lost[#lost + 1] = chunk[i] end
    end
  end
end

local results = {}
local at = 3
for index, stream in ipairs(KEYS) do
  local lost, ours = {}, {}
  for i = at + 1, at + tonumber(ARGV[at]) do
    local id = ARGV[i]
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
    if pending.err or not pending[1] then
      lost[#lost + 1] = id
    else
      ours[#ours + 1] = id
    end
  end
  renew(stream, ours, lost)
  results[index] = lost
  at = at + 1 + tonumber(ARGV[at])
end
return results
