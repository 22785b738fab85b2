-- Returns true when a group exists on a route: on its inbox, like every group that LeanMQ created, or at least on the
-- log, where an operator may have created it by hand. Needs stream-info.
local function groupIsThere(inbox, log, group)
  for _, stream in ipairs({inbox, log}) do
    for _, row in ipairs(rowsOf('GROUPS', stream)) do
      if row.name == group then return true end
    end
  end
  return false
end
