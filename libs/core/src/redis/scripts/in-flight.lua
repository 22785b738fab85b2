#!lua flags=no-writes
-- Lists a group's in-flight entries on one of its streams, one page at a time, within a byte budget.
--
-- KEYS[1] -> log or inbox
-- ARGV[1] -> group
-- ARGV[2] -> from which entry on: '-' at first, then as told
-- ARGV[3] -> how many at most
-- ARGV[4] -> how many bytes of entries to read at most
-- Output: {now, deliveries, next}: now in epoch ms; a delivery is {entry id, consumer, ms since its lease was renewed,
--         delivery count, message's own id or '', origin or '', attempts before}; next is where to continue, or ''
local stream, group, from, count, left = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

-- Patterns for a history. JSON escapes quotes inside strings, so no error message matches them.
local function originOf(history) return string.match(history, '"origin":"(%d+%-%d+)"') or '' end
local function attemptsOf(history) return tonumber(string.match(history, '"attempts":(%d+)')) or 0 end

local pending = redis.pcall('XPENDING', stream, group, from, '+', count)
if pending.err then return {now, {}, ''} end
local deliveries = {}
for _, delivery in ipairs(pending) do
  local id, consumer, idleMs, times = unpack(delivery)
  if left <= 0 then return {now, deliveries, id} end
  local entry = redis.call('XRANGE', stream, id, id)[1]
  local fields = entry and entry[2] or {}
  local own, history = '', ''
  for i = 1, #fields, 2 do
    left = left - #fields[i] - #(fields[i + 1] or '')
    if fields[i] == 'i' then own = fields[i + 1] end
  end
  if fields[1] == 'm' then history = fields[2] end
  deliveries[#deliveries + 1] = {id, consumer, idleMs, times, own, originOf(history), attemptsOf(history)}
end
local last = pending[#pending]
return {now, deliveries, #pending == count and last and ('(' .. last[1]) or ''}
