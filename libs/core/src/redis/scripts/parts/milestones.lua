-- Milestones of a log: an entry's id, and how many entries had been added when it was the last one. They bound how many
-- entries were added since, and so how many lie before, without reading a message.
local MOST_MILESTONES = 32
local MILESTONES_MS = 7 * 24 * 60 * 60 * 1000

local function milestonesOf(key)
  local noted, milestones = redis.pcall('GET', key), {}
  if type(noted) ~= 'string' then return milestones end
  for id, added in string.gmatch(noted, '(%d+%-%d+) (%d+)') do
    milestones[#milestones + 1] = {id = id, added = tonumber(added)}
  end
  return milestones
end

-- Drops the milestone whose neighbours are closest together, so the rest stay evenly spread.
local function thinOut(milestones)
  local least, at
  for i = 2, #milestones - 1 do
    local gap = milestones[i + 1].added - milestones[i - 1].added
    if not least or gap < least then least, at = gap, i end
  end
  table.remove(milestones, at)
end

local function noteMilestones(key, milestones)
  while #milestones > MOST_MILESTONES do thinOut(milestones) end
  local texts = {}
  for i, each in ipairs(milestones) do texts[i] = each.id .. ' ' .. string.format('%.0f', each.added) end
  redis.pcall('SET', key, table.concat(texts, ' '), 'PX', MILESTONES_MS)
end
