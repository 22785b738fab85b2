#!lua flags=no-writes
-- Lists what a group has in flight, from the log and from its inbox.
--
-- KEYS[1] -> log; the group's inbox is derived and in the same slot
-- ARGV[1] -> group
-- ARGV[2] -> how many at most, from each of the two
-- Output: {now, deliveries}: now in epoch ms; a delivery is {source, entry id, consumer, ms since its lease was renewed,
--         delivery count, message's own id or '', history or ''}
local log, group, count = KEYS[1], ARGV[1], ARGV[2]
local inbox = string.sub(log, 1, -5) .. ':inbox:' .. group
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

local deliveries = {}
local function add(stream, source)
  local pending = redis.pcall('XPENDING', stream, group, '-', '+', count)
  if pending.err then return end
  for _, delivery in ipairs(pending) do
    local id, consumer, idleMs, times = unpack(delivery)
    local entry = redis.call('XRANGE', stream, id, id)[1]
    local own, history = '', ''
    local fields = entry and entry[2] or {}
    for i = 1, #fields, 2 do
      if fields[i] == 'i' then own = fields[i + 1] end
      if fields[i] == 'm' then history = fields[i + 1] end
    end
    deliveries[#deliveries + 1] = {source, id, consumer, idleMs, times, own, history}
  end
end
add(log, 'log')
add(inbox, 'inbox')
return {now, deliveries}
