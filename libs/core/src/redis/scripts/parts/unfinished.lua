-- How many messages a group has not been given, where Redis does not know: after a deletion, or a start in the middle of
-- the log. They are counted only if the log is so long that it matters; beyond `most` it does not.
local function unreadOf(log, group, most)
  local length = redis.call('XLEN', log)
  if length + #ARGV <= most then return length end
  local count, from = 0, '(' .. group['last-delivered-id']
  while count <= most do
    local page = redis.call('XRANGE', log, from, '+', 'COUNT', 100)
    count = count + #page
    if #page < 100 then break end
    from = '(' .. page[#page][1]
  end
  return count
end

-- Reads XINFO by itself: publish-units.lua has this part, and each function that it defines costs all publishes a little.
--
-- How many messages of the route some group has not finished, as far as it matters: counted up to `most` where Redis
-- does not know. Scheduled ones count, because they will arrive.
local unfinished = {}
local function unfinishedOf(log, base, most)
  local known = unfinished[log]
  if known then return known end
  local count, groups = 0, redis.pcall('XINFO', 'GROUPS', log)
  if groups.err or #groups == 0 then
    count = redis.call('XLEN', log)
  else
    for _, flat in ipairs(groups) do
      local group = {}
      for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
      local redeliveries = redis.pcall('XLEN', base .. ':inbox:' .. group.name)
      local others = group.pending + (type(redeliveries) == 'number' and redeliveries or 0)
      count = math.max(count, others + (group.lag or unreadOf(log, group, most - others)))
    end
  end
  local scheduled = redis.pcall('ZCARD', base .. ':schedule')
  if type(scheduled) == 'number' then count = count + scheduled end
  unfinished[log] = count
  return count
end
