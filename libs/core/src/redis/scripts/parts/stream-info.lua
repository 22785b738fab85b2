-- Converts Redis' alternating names and values to a table by name.
local function rowOf(flat)
  local row = {}
  for i = 1, #flat, 2 do row[flat[i]] = flat[i + 1] end
  return row
end

-- Returns XINFO's reply; nil if there is no such stream or group. Any other refusal is an error: taken for an empty
-- reply, it would hide groups that still wait for messages.
local function xinfo(...)
  local reply = redis.pcall('XINFO', ...)
  local problem = reply.err
  if not problem then return reply end
  local isNone = string.find(problem, 'no such key', 1, true) or string.find(problem, '^NOGROUP')
    or string.find(problem, '^WRONGTYPE')
  if not isNone then error(reply) end
end

-- Returns the rows of XINFO GROUPS or XINFO CONSUMERS.
local function rowsOf(...)
  local rows = {}
  for index, flat in ipairs(xinfo(...) or {}) do rows[index] = rowOf(flat) end
  return rows
end
