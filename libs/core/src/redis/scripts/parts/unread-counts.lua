-- Counts the log entries that groups have not received, for groups whose lag Redis does not know. Needs entry-ids and
-- bounded-walk. One walk from the end of the log covers all groups; beyond the budget, the length of the log is the
-- estimate.
--
-- rows: of XINFO GROUPS. Returns counts by name, and whether they are exact.
local function unreadCounts(log, rows, budget)
  local behind, counts, seen = {}, {}, 0
  for _, row in ipairs(rows) do
    if row.lag then
      counts[row.name] = row.lag
    else
      local ms, number = string.match(row['last-delivered-id'], '^(%d+)-(%d+)$')
      behind[#behind + 1] = {name = row.name, id = row['last-delivered-id'], ms = tonumber(ms), number = tonumber(number)}
    end
  end
  if #behind == 0 then return counts, true end
  table.sort(behind, function(a, b) return a.ms > b.ms or (a.ms == b.ms and a.number > b.number) end)
  local at = 1
  local _, rest = walk(log, 'XREVRANGE', '+', '-', budget, function(id)
    while behind[at] and not isAfter(id, behind[at].id) do
      counts[behind[at].name] = seen
      at = at + 1
    end
    seen = seen + 1
    return not behind[at]
  end)
  local isExact = rest == nil
  local length = isExact and seen or redis.call('XLEN', log)
  for index = at, #behind do counts[behind[index].name] = length end
  return counts, isExact
end
