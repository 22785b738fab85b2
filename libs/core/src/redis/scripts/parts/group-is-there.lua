-- Whether a group exists on a route: on its inbox, as every group of ours, or at least on the log, where somebody has
-- created it by hand. It needs stream-info.
local function groupIsThere(inbox, log, group)
  for _, stream in ipairs({inbox, log}) do
    for _, row in ipairs(rowsOf('GROUPS', stream)) do
      if row.name == group then return true end
    end
  end
  return false
end
