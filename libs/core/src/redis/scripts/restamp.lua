#!lua flags=allow-oom
-- Resets delivery times that lie in the future to the server's present time: after the server's clock was set back,
-- their leases would not run out until the clock had caught up.
--
-- Invariant: owner and delivery count stay the same; the lease becomes as long as one that was renewed just now.
--
-- KEYS -> streams
-- ARGV[1] -> group
-- ARGV[2…] -> for each stream after which id to go on: '' for the beginning, 'end' to leave it out
-- Output: for each stream where to continue
local group, PAGE, rowsLeft = ARGV[1], 500, 1000

-- Redis reports an idle time of 0 for a delivery from the future; one renewed in this millisecond is renewed again.
local function visit(stream, from)
  while from ~= 'end' and rowsLeft > 0 do
    local start = from == '' and '-' or '(' .. from
    local pending = redis.pcall('XPENDING', stream, group, start, '+', PAGE)
    if pending.err then return 'end' end
    rowsLeft = rowsLeft - #pending - 1
    for _, delivery in ipairs(pending) do
      from = delivery[1]
      if delivery[3] <= 0 then redis.call('XCLAIM', stream, group, delivery[2], 0, from, 'JUSTID') end
    end
    if #pending < PAGE then return 'end' end
  end
  return from
end

local results = {}
for index, stream in ipairs(KEYS) do results[index] = visit(stream, ARGV[1 + index]) end
return results
