-- Redis tells names and values in turns; this is a table by name.
local function rowOf(flat)
  local row = {}
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  return row
end

-- The rows of XINFO GROUPS or XINFO CONSUMERS; none where there is no such stream.
local function rowsOf(...)
  local reply, rows = redis.pcall('XINFO', ...), {}
  if reply.err then return rows end
  for index, flat in ipairs(reply) do rows[index] = rowOf(flat) end
  return rows
end
