-- The number that follows, of up to 64 bits and thus as text.
local function incremented(number)
  local before, digit, nines = string.match(number, '^(%d-)([0-8]?)(9*)$')
  return before .. (tonumber(digit) or 0) + 1 .. string.rep('0', #nines)
end

-- The id that comes next.
local function following(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  if number == '18446744073709551615' then return incremented(ms) .. '-0' end
  return ms .. '-' .. incremented(number)
end

-- The first id that the group has not finished.
local function floorOf(stream, group)
  local floor = following(group['last-delivered-id'])
  if group.pending > 0 then
    local lowest = redis.call('XPENDING', stream, group.name)[2]
    if lowest and isAfter(floor, lowest) then floor = lowest end
  end
  return floor
end

-- The first id of the log that one of the groups, or a replay of history, has not finished; nil without groups.
local function floorOfLog(log, base, groups)
  local floor
  for _, group in ipairs(groups) do
    local own = floorOf(log, group)
    if not floor or isAfter(floor, own) then floor = own end
  end
  if not floor then return nil end
  for _, noted in ipairs(redis.call('HVALS', base .. ':replays')) do
    local cursor = string.match(noted, '^(%d+%-%d+) ')
    if cursor and isAfter(floor, following(cursor)) then floor = following(cursor) end
  end
  return floor
end
