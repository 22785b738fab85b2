#!lua
-- Publishes dead letters to another route, for all of its groups.
--
-- Invariant: the dead letter is removed and its message appended in one step, so moving twice delivers once. The
-- message's own fields are copied unchanged; its time to live starts again. Either all dead letters of a call fit below
-- the route's limit, or none is moved. One that cannot be moved stays and does not block the others.
--
-- KEYS[1] -> group's dead letters
-- KEYS[2] -> log of the other route
-- KEYS[3] -> expiry of the other route
-- ARGV[1] -> the most unfinished messages of the other route, or ''
-- ARGV[2] -> maximum bytes to move; the last message may exceed it
-- ARGV[3…] -> entry ids of dead letters
-- Output: {number examined, the ids that were moved, the ids of those that are too wide} or {'full'}
local dead, log, expiry = KEYS[1], KEYS[2], KEYS[3]
local most, left = tonumber(ARGV[1]), tonumber(ARGV[2])

-- part: wrong-type
local problem = wrongType({[log] = 'stream', [expiry] = 'zset'})
if problem then return problem end

-- part: renewed-fields

-- part: unfinished

local looked, letters, wide = 0, {}, {}
for i = 3, #ARGV do
  if left <= 0 then break end
  looked = looked + 1
  local entry = redis.call('XRANGE', dead, ARGV[i], ARGV[i])[1]
  for _, text in ipairs(entry and entry[2] or {}) do left = left - #text end
  if entry and #entry[2] > MAX_FIELDS then wide[#wide + 1] = ARGV[i]
  elseif entry then letters[#letters + 1] = entry end
end
if most and unfinishedOf(log, string.sub(log, 1, -5), most) + #letters > most then return {'full'} end

local function publishedAt(history)
  local ok, decoded = pcall(cjson.decode, history)
  return ok and type(decoded) == 'table' and tonumber(string.match(tostring(decoded.origin), '^%d+')) or now
end

local moved = {}
for _, letter in ipairs(letters) do
  local id, fields = letter[1], letter[2]
  local hasHistory = fields[1] == 'm'
  local body = {}
  local expiresAt = addRenewed(body, fields, hasHistory and 3 or 1, hasHistory and publishedAt(fields[2]) or now)
  local arrived = redis.call('XADD', log, '*', unpack(body))
  if expiresAt then redis.pcall('ZADD', expiry, expiresAt, 'log|' .. arrived) end
  redis.call('XDEL', dead, id)
  moved[#moved + 1] = id
end
return {looked, moved, wide}
