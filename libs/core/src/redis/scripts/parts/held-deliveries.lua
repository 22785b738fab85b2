-- Looks up the deliveries that the consumer holds, and their bodies, in few commands. Needs `stream`, `source`,
-- `group`, `consumer`, and `moves`, each with the `id` of its delivery.
--
-- Deliveries that end together mostly lie together: one range from the first to the last then covers all. The range is
-- only a shortcut; deliveries missing from it are looked up one by one.
local held, entries = {}, {}
local PAGE = 10
local function lookAtAll()
  local first, last = moves[1].id, moves[#moves].id
  local pending = redis.pcall('XPENDING', stream, group, first, last, #moves, consumer)
  if pending.err then return end
  for _, each in ipairs(pending) do held[each[1]] = each[4] end
  local found = 0
  for _, each in ipairs(moves) do
    if held[each.id] then found = found + 1 end
  end
  if found * 2 < #moves then return end
  -- Other consumers' bodies lie between and may be large: if few are held here, each is looked up by itself.
  local from, wanted, read = first, 0, 0
  while read < #moves do
    local page = redis.call('XRANGE', stream, from, last, 'COUNT', PAGE)
    for _, entry in ipairs(page) do
      entries[entry[1]] = entry
      if held[entry[1]] then wanted = wanted + 1 end
    end
    read = read + #page
    if #page < PAGE or wanted * 2 < read then return end
    from = '(' .. page[#page][1]
  end
end

if #moves > 1 then lookAtAll() end

local function isOurs(id, deliveries)
  if held[id] == nil then
    local pending = redis.pcall('XPENDING', stream, group, id, id, 1, consumer)
    held[id] = not pending.err and pending[1] and pending[1][4] or false
  end
  return held[id] == deliveries
end

local function bodyOf(id, history)
  local entry = entries[id] or redis.call('XRANGE', stream, id, id)[1]
  if not entry then return nil end
  local body = {'m', history}
  local fields = entry[2]
  -- An inbox entry's own history comes first and is replaced.
  for i = (source == 'inbox' and fields[1] == 'm') and 3 or 1, #fields do body[#body + 1] = fields[i] end
  return body
end
