-- Entries due at the same instant keep the order in which they were scheduled. A score is the instant and a turn within
-- its millisecond, which has 2,048 turns until the year 2109. Entries beyond them wait in the next millisecond.
local TURNS, MOST_FULL = 2048, 100
local turns = {}

local function freeTurn(schedule, due)
  for _ = 1, MOST_FULL do
    local next = string.format('(%.0f', due + 1)
    local last = redis.call('ZRANGE', schedule, next, due, 'BYSCORE', 'REV', 'LIMIT', 0, 1, 'WITHSCORES')[2]
    if not last then return due, 0 end
    local turn = math.floor((tonumber(last) - due) * TURNS) + 1
    if turn < TURNS then return due, turn end
    due = due + 1
  end
  return due, 0
end

-- Returns the score for the next entry that is due at this instant, epoch ms.
local function scoreOf(schedule, due)
  due = tonumber(string.format('%.0f', due))
  local key = schedule .. ' ' .. due
  local taken = turns[key]
  if not taken then
    taken = {freeTurn(schedule, due)}
    turns[key] = taken
  elseif taken[2] + 1 < TURNS then
    taken[2] = taken[2] + 1
  else
    taken[1], taken[2] = freeTurn(schedule, taken[1] + 1)
  end
  return string.format('%.17g', taken[1] + taken[2] / TURNS)
end
