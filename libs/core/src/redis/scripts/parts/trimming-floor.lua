-- Returns the next number, as text because it has up to 64 bits.
local function incremented(number)
  local before, digit, nines = string.match(number, '^(%d-)([0-8]?)(9*)$')
  return before .. (tonumber(digit) or 0) + 1 .. string.rep('0', #nines)
end

-- Returns the next id.
local GREATEST = '18446744073709551615'
local function following(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  -- A stream that has given its last id keeps that entry.
  if number == GREATEST then return ms == GREATEST and id or incremented(ms) .. '-0' end
  return ms .. '-' .. incremented(number)
end

-- Returns the first id of the stream that some group has not finished; nil without groups.
local function floorOf(stream, groups)
  local given, lowest
  for _, group in ipairs(groups) do
    local last = group['last-delivered-id']
    if not given or isAfter(given, last) then given = last end
    local pending = group.pending > 0 and redis.call('XPENDING', stream, group.name)[2]
    if pending and (not lowest or isAfter(lowest, pending)) then lowest = pending end
  end
  if not given then return nil end
  local floor = following(given)
  return lowest and isAfter(floor, lowest) and lowest or floor
end

-- After this long without a sign of life a replay counts as stopped; after a day it no longer holds the floor.
local REPLAY_GONE_MS, REPLAY_FORGOTTEN_MS = 60000, 86400000

-- Returns the first id of the log that some group or history replay has not finished (nil without groups), and the ids
-- of stopped replays that keep more than the groups do. Needs `now` and replay-note.
local function floorOfLog(log, base, groups)
  local floor = floorOf(log, groups)
  if not floor then return nil, {} end
  local replays, stopped, least = redis.call('HGETALL', base .. ':replays'), {}, floor
  for i = 1, #replays, 2 do
    -- No version writes a replay as anything but a JSON object.
    local cursor, what = string.match(replays[i + 1], '^(%d+%-%d+) ({.*})$')
    if cursor and not seenAt(what) then
      -- An older version gave no sign of life: start the clock now.
      redis.call('HSET', base .. ':replays', replays[i], cursor .. ' ' .. seenNow(what, now))
    end
    local idleMs = cursor and now - (seenAt(what) or now)
    if cursor and idleMs < REPLAY_FORGOTTEN_MS and isAfter(floor, following(cursor)) then
      if idleMs > REPLAY_GONE_MS then stopped[#stopped + 1] = replays[i] end
      if isAfter(least, following(cursor)) then least = following(cursor) end
    end
  end
  return least, stopped
end
