-- Returns true when a group still waits for an entry of the log or has it in flight; checks all groups but one. Needs
-- `log`, entry-ids and stream-info.
local function isWanted(id, but, isForAll)
  for _, row in ipairs(rowsOf('GROUPS', log)) do
    if row.name ~= but then
      if isAfter(id, row['last-delivered-id']) and not isForAll then return true end
      if redis.call('XPENDING', log, row.name, id, id, 1)[1] then return true end
    end
  end
  return false
end
