-- Figures that belong to a group alone: its inbox, its dead letters, its consumers. Needs `base`, `log`, `now` and
-- stream-info.
local function lengthOf(key)
  local length = redis.pcall('XLEN', key)
  return type(length) == 'number' and length or 0
end

-- Consumers with a sign of life; Redis does not list a consumer before its first delivery.
local function addThoseHere(group, consumers)
  local here = redis.pcall('HGETALL', base .. ':here:' .. group)
  if here.err then return end
  for i = 1, #here, 2 do
    local untilText, state = string.match(here[i + 1], '^(%d+) ?(.*)')
    if (tonumber(untilText) or 0) > now then
      consumers[here[i]] = consumers[here[i]] or {pending = 0, idleMs = 0}
      consumers[here[i]].isHere = true
      consumers[here[i]].state = state
    end
  end
end

local function addConsumers(stream, group, consumers)
  for _, row in ipairs(rowsOf('CONSUMERS', stream, group)) do
    local known = consumers[row.name] or {pending = 0, idleMs = row.idle}
    known.pending = known.pending + row.pending
    known.idleMs = math.min(known.idleMs, row.idle)
    consumers[row.name] = known
  end
end

local function ownNumbers(name)
  local inbox = base .. ':inbox:' .. name
  local own = rowsOf('GROUPS', inbox)[1] or {pending = 0}
  local consumers = {}
  addConsumers(log, name, consumers)
  addConsumers(inbox, name, consumers)
  addThoseHere(name, consumers)
  return {
    waiting = math.max(0, lengthOf(inbox) - own.pending),
    inFlight = own.pending,
    dead = lengthOf(base .. ':dead:' .. name),
    consumers = consumers,
  }
end
