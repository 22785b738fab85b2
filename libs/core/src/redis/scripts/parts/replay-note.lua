-- When the process of a replay last said that it is there: epoch ms, the server's clock; nil if it never did, because it
-- is of an older version.
local function seenAt(what) return tonumber(string.match(what, '"seen":(%d+)')) end

-- The note with that instant in it.
local function seenNow(what, instant)
  local seen = string.format('"seen":%.0f', instant)
  if seenAt(what) then return (string.gsub(what, '"seen":%d+', seen)) end
  return (string.gsub(what, '}$', ',' .. seen .. '}'))
end
