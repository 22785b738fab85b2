-- Whether an entry id comes after another. Its numbers have up to 64 bits, more than a number of Lua holds exactly, so
-- that their digits are compared: the longer one is greater, and as texts 9-0 would come after 10-0.
local function isAfter(a, b)
  -- Most are as long as each other in both of their parts.
  if #a == #b and string.find(a, '-', 1, true) == string.find(b, '-', 1, true) then return a > b end
  local aMs, aNumber = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bNumber = string.match(b, '^(%d+)-(%d+)$')
  if aMs == bMs then aMs, bMs = aNumber, bNumber end
  if #aMs ~= #bMs then return #aMs > #bMs end
  return aMs > bMs
end
