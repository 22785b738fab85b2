#!lua
-- Publishes dead letters to another route, to all of its groups.
--
-- Invariant: a dead letter leaves and its message arrives in one step, so that moving twice delivers once. The message's
-- own fields are copied as they are; its time to live begins anew.
--
-- KEYS[1] -> group's dead letters
-- KEYS[2] -> log of the other route
-- KEYS[3] -> expiry of the other route
-- ARGV -> entry ids of dead letters
-- Output: the ids that were moved
local dead, log, expiry = KEYS[1], KEYS[2], KEYS[3]
for key, wanted in pairs({[log] = 'stream', [expiry] = 'zset'}) do
  local found = redis.call('TYPE', key).ok
  if found ~= 'none' and found ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. wanted)
  end
end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function originOf(history)
  local ok, decoded = pcall(cjson.decode, history)
  return ok and type(decoded) == 'table' and tonumber(string.match(decoded.origin or '', '^%d+')) or now
end

local function bodyOf(fields)
  local body, expiresAt, first = {}, nil, 1
  local origin = now
  if fields[1] == 'm' then
    first, origin = 3, originOf(fields[2])
  end
  for i = first, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    if name == 'x' and tonumber(value) then
      expiresAt = string.format('%.0f', now + math.max(1, tonumber(value) - origin))
      value = expiresAt
    end
    body[#body + 1] = name
    body[#body + 1] = value
  end
  return body, expiresAt
end

local moved = {}
for _, id in ipairs(ARGV) do
  local entry = redis.call('XRANGE', dead, id, id)[1]
  if entry then
    local body, expiresAt = bodyOf(entry[2])
    local arrived = redis.call('XADD', log, '*', unpack(body))
    if expiresAt then redis.call('ZADD', expiry, expiresAt, 'log|' .. arrived) end
    redis.call('XDEL', dead, id)
    moved[#moved + 1] = id
  end
end
return moved
