-- Returns when the process of a replay last gave a sign of life: epoch ms, the server's clock; nil if never, because it
-- is of an older version.
local function seenAt(what) return tonumber(string.match(what, '"seen":(%d+)')) end

-- Returns the note with that instant in it.
local function seenNow(what, instant)
  local seen = string.format('"seen":%.0f', instant)
  if seenAt(what) then return (string.gsub(what, '"seen":%d+', seen)) end
  return (string.gsub(what, '}$', ',' .. seen .. '}'))
end
