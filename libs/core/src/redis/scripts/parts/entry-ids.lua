-- Returns true when an entry id comes after another. Its numbers have up to 64 bits, more than a Lua number holds
-- exactly, so their digits are compared: the longer number is greater (as text, 9-0 would come after 10-0).
local function isAfter(a, b)
  -- Fast path: both parts of most ids have the same length.
  if #a == #b and string.find(a, '-', 1, true) == string.find(b, '-', 1, true) then return a > b end
  local aMs, aNumber = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bNumber = string.match(b, '^(%d+)-(%d+)$')
  if aMs == bMs then aMs, bMs = aNumber, bNumber end
  if #aMs ~= #bMs then return #aMs > #bMs end
  return aMs > bMs
end
