#!lua flags=allow-oom
-- Ends the wait of messages whose time to live has passed, so that their memory comes back without a reader.
--
-- Invariant: what is in flight anywhere is left alone; its own consumer ends it, and the log's entry goes with the next
-- trimming. A group that keeps its expired messages gets a copy in its dead letters in the same step. Where there are no
-- groups nobody waits, and nothing else would free what has expired: it goes too.
--
-- KEYS[1] -> log; the route's other keys are derived and in the same slot
-- ARGV[1] -> how many to look at, at most
-- Output: how many entries were removed
local log = KEYS[1]
local base = string.sub(log, 1, -5)
local expiry = base .. ':expiry'
local keepsExpired = {}
for _, group in ipairs(redis.call('SMEMBERS', base .. ':keepers')) do keepsExpired[group] = true end

local time = redis.call('TIME')
local now = string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))

-- part: entry-ids

-- part: stream-info

local function bury(group, fields, origin)
  local body
  if fields[1] == 'm' then
    local history = cjson.decode(fields[2])
    history.reason = 'expired'
    body = {'m', cjson.encode(history)}
    for i = 3, #fields do body[#body + 1] = fields[i] end
  else
    local history = {origin = origin, attempts = 0, crashes = 0, reason = 'expired'}
    body = {'m', cjson.encode(history), unpack(fields)}
  end
  redis.call('XADD', base .. ':dead:' .. group, '*', unpack(body))
end

-- Groups that still wait for the entry, and how many there are in all; nil when a group has it in flight.
local function waitingGroups(stream, id)
  local waiting, groups = {}, rowsOf('GROUPS', stream)
  for _, group in ipairs(groups) do
    if isAfter(id, group['last-delivered-id']) then
      waiting[#waiting + 1] = group.name
    elseif redis.call('XPENDING', stream, group.name, id, id, 1)[1] then
      return nil
    end
  end
  return waiting, #groups
end

local removed = 0
for _, member in ipairs(redis.call('ZRANGE', expiry, '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])) do
  local target, id = string.match(member, '^(.*)|(%d+%-%d+)$')
  local stream = target and (base .. ':' .. target)
  local entry = stream and redis.call('XRANGE', stream, id, id)[1]
  if entry then
    local waiting, groupCount = waitingGroups(stream, id)
    if waiting then
      for _, group in ipairs(waiting) do
        if keepsExpired[group] then bury(group, entry[2], id) end
      end
      -- On the log an entry that every group has finished is history, and kept or trimmed as such.
      if #waiting > 0 or groupCount == 0 then removed = removed + redis.call('XDEL', stream, id) end
    end
  end
  redis.call('ZREM', expiry, member)
end
return removed
