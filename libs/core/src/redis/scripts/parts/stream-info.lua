-- Redis tells names and values in turns; this is a table by name.
local function rowOf(flat)
  local row = {}
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  return row
end

-- What XINFO tells; nil where there is no such stream or group. A server that refuses to tell is an error: to take it for
-- an empty answer would mean that nobody wants what somebody waits for.
local function xinfo(...)
  local reply = redis.pcall('XINFO', ...)
  local problem = reply.err
  if not problem then return reply end
  local isNone = string.find(problem, 'no such key', 1, true) or string.find(problem, '^NOGROUP')
    or string.find(problem, '^WRONGTYPE')
  if not isNone then error(reply) end
end

-- The rows of XINFO GROUPS or XINFO CONSUMERS.
local function rowsOf(...)
  local rows = {}
  for index, flat in ipairs(xinfo(...) or {}) do rows[index] = rowOf(flat) end
  return rows
end
