-- Redis tells names and values in turns; this is a table by name.
local function rowOf(flat)
  local row = {}
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  return row
end

local function rowsIn(reply)
  local rows = {}
  for index, flat in ipairs(reply) do rows[index] = rowOf(flat) end
  return rows
end

-- The rows of XINFO GROUPS or XINFO CONSUMERS; none where there is no such stream, or where the server does not tell.
local function rowsOf(...)
  local reply = redis.pcall('XINFO', ...)
  return reply.err and {} or rowsIn(reply)
end
