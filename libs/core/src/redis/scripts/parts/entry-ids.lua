-- Whether an entry id comes after another. Its numbers have up to 64 bits, more than a number of Lua holds exactly, so
-- that their digits are compared: the longer one is greater, and as texts 9-0 would come after 10-0.
local function isAfter(a, b)
  local aMs, aNumber = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bNumber = string.match(b, '^(%d+)-(%d+)$')
  if aMs == bMs then aMs, bMs = aNumber, bNumber end
  if #aMs ~= #bMs then return #aMs > #bMs end
  return aMs > bMs
end
