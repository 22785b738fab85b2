-- Whether an entry id comes after another. As numbers: as texts 9-0 would come after 10-0.
local function isAfter(a, b)
  local aMs, aNumber = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bNumber = string.match(b, '^(%d+)-(%d+)$')
  aMs, aNumber, bMs, bNumber = tonumber(aMs), tonumber(aNumber), tonumber(bMs), tonumber(bNumber)
  return aMs > bMs or (aMs == bMs and aNumber > bNumber)
end
