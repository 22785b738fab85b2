#!lua
-- Delivers dead letters of one group again, to that group only.
--
-- Invariants: the dead letter is removed and its message added to the inbox in one step, so replaying twice delivers
-- once. Attempts, crashes and the time to live start again; the error that dead-lettered it is kept. One that cannot be
-- replayed stays and does not block the others. Nothing is replayed to a group that does not exist.
--
-- KEYS[1] -> group's dead letters
-- KEYS[2] -> group's inbox
-- KEYS[3] -> expiry
-- KEYS[4] -> log
-- ARGV[1] -> group
-- ARGV[2] -> maximum bytes to move; the last message may exceed it
-- ARGV[3] -> the payload's JSON to deliver instead of their own, or ''
-- ARGV[4…] -> entry ids of dead letters
-- Output: {number examined, the ids that were replayed, the ids of those that are too wide}, or {'no group'}
local dead, inbox, expiry, log = unpack(KEYS)
local group, left, mended = ARGV[1], tonumber(ARGV[2]), ARGV[3]

-- part: wrong-type
local problem = wrongType({[inbox] = 'stream', [expiry] = 'zset'})
if problem then return problem end

-- part: stream-info

-- part: renewed-fields

-- part: group-is-there
if not groupIsThere(inbox, log, group) then return {'no group'} end

local function unreadable(id) return {origin = id, reason = 'undecodable'} end

-- An entry without a history was added by a foreign tool.
local function historyOf(fields, id)
  local ok, history = pcall(cjson.decode, fields[1] == 'm' and fields[2] or '')
  local isOurs = ok and type(history) == 'table' and type(history.origin) == 'string'
    and string.match(history.origin, '^%d+%-%d+$')
  return isOurs and history or unreadable(id)
end

-- An infinite number or NaN that was read cannot be written.
local function renewed(before)
  return {
    origin = before.origin, attempts = 0, crashes = 0, replays = (tonumber(before.replays) or 0) + 1,
    error = before.error, reason = before.reason,
  }
end

local function mend(body, before)
  if mended == '' then return end
  -- Drop the unreadable history once there is a readable one.
  if before.reason == 'undecodable' then
    for i = #body, 3, -1 do body[i] = nil end
  end
  for i = 3, #body, 2 do
    if body[i] == 'd' then
      body[i + 1] = mended
      return
    end
  end
  body[#body + 1] = 'd'
  body[#body + 1] = mended
end

local looked, replayed, wide = 0, {}, {}
for i = 4, #ARGV do
  if left <= 0 then break end
  local id = ARGV[i]
  looked = looked + 1
  local entry = redis.call('XRANGE', dead, id, id)[1]
  local fields = entry and entry[2]
  if fields and #fields > MAX_FIELDS then
    wide[#wide + 1] = id
  elseif fields then
    local before = historyOf(fields, id)
    local ok, history = pcall(cjson.encode, renewed(before))
    if not ok then
      before = unreadable(id)
      history = cjson.encode(renewed(before))
    end
    local body = {'m', history}
    local first = fields[1] == 'm' and 3 or 1
    local expiresAt = addRenewed(body, fields, first, tonumber(string.match(before.origin, '^%d+')))
    mend(body, before)
    local again = redis.call('XADD', inbox, '*', unpack(body))
    if expiresAt then redis.pcall('ZADD', expiry, expiresAt, 'inbox:' .. group .. '|' .. again) end
    redis.call('XDEL', dead, id)
    replayed[#replayed + 1] = id
    for _, text in ipairs(body) do left = left - #text end
  end
end
return {looked, replayed, wide}
