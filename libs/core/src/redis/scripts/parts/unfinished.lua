-- Counts the messages that a group has not received, where Redis does not know: after a deletion, or a start in the
-- middle of the log. Counting has to read the messages with their bodies, so each call reads a limited number of bytes
-- and notes its result, as well as what Redis knew before. Later calls use the note as an upper bound: unread then,
-- plus added since.
--
-- A count that takes several calls allows publishes meanwhile if nothing was noted for a day; if something was, it
-- refuses them, and pauses between two reads: see docs/guarantees.md.
local LOOK_BYTES, LOOK_ENTRIES, LOOK_PAUSE_MS = 2 ^ 17, 500, 50
local NOTE_MS, RENEW_MS = 86400000, 1000
local bytesLeft, entriesLeft = LOOK_BYTES, LOOK_ENTRIES

-- Returns how many messages were ever added to a log; nil if the user may not run the command. Redis includes the first
-- and the last message in its reply.
local added = {}
local function addedTo(log)
  if not added[log] then
    local flat = redis.pcall('XINFO', 'STREAM', log)
    for i = 1, #flat, 2 do
      if flat[i] == 'entries-added' then added[log] = flat[i + 1] end
    end
  end
  return added[log]
end

-- Continues counting after an entry, up to `most`. Returns the count, and the last entry if there may be more.
local function countAfter(log, from, count, most)
  local wanted = 4
  while count <= most and bytesLeft > 0 and entriesLeft > 0 do
    local page = redis.call('XRANGE', log, '(' .. from, '+', 'COUNT', wanted)
    local bytes = 0
    for _, entry in ipairs(page) do
      for _, text in ipairs(entry[2]) do bytes = bytes + #text end
    end
    count, bytesLeft, entriesLeft = count + #page, bytesLeft - bytes, entriesLeft - #page
    if #page < wanted then return count end
    from = page[#page][1]
    wanted = math.max(1, math.min(100, math.floor(bytesLeft / math.max(1, bytes / #page))))
  end
  return count, from
end

-- A note: the group's place, how many had been added, were unread and were on the log, and when; then the place, the last
-- entry and the number of a count that has not ended.
local function readNote(key)
  local text = redis.pcall('GET', key)
  local note = {place = '-', added = -1, unread = 0, length = 0, at = 0}
  if type(text) ~= 'string' then return note end
  local place, total, unread, length, at, rest = string.match(text, '^(%S+) (%-?%d+) (%d+) (%d+) (%d+)(.*)$')
  if place then
    note = {place = place, added = tonumber(total), unread = tonumber(unread), length = tonumber(length), at = tonumber(at)}
  end
  local begun, from, count = string.match(rest or '', '^ (%S+) (%S+) (%d+)$')
  if begun then note.begun, note.from, note.count = begun, from, tonumber(count) end
  return note
end

local function writeNote(key, note)
  note.at = now
  local text = string.format('%s %.0f %.0f %.0f %.0f', note.place, note.added, note.unread, note.length, note.at)
  if note.from then text = text .. string.format(' %s %s %.0f', note.begun, note.from, note.count) end
  redis.pcall('SET', key, text, 'PX', NOTE_MS)
end

-- Note what Redis knows where the log's length alone would not be enough later.
local function knownOf(log, base, group, most)
  local read, lag = group['entries-read'], group.lag
  local length = redis.call('XLEN', log)
  if length + #ARGV <= most or not read then return lag end
  local key = base .. ':unread:' .. group.name
  local note = readNote(key)
  if note.from or now - note.at >= RENEW_MS then
    writeNote(key, {place = group['last-delivered-id'], added = read + lag, unread = lag, length = length})
  end
  return lag
end

local function unreadOf(log, base, group, most)
  local length = redis.call('XLEN', log)
  if length + #ARGV <= most then return length end
  local key, place, total = base .. ':unread:' .. group.name, group['last-delivered-id'], addedTo(log)
  if not total then return length end
  local note, bound = readNote(key), nil
  if note.added >= 0 and note.added <= total and not isAfter(note.place, place) then
    local since = total - note.added
    bound = math.min(length, note.unread + since)
    local isExact = note.place == place and length - note.length == since
    if isExact or bound + #ARGV <= most then return bound end
  end
  if note.from and note.begun == place and note.count > most then return note.count end
  if note.from and (note.count > most or isAfter(note.begun, place)) then note.from = nil end
  if not note.from then
    note.begun, note.from, note.count = place, place, 0
  elseif bound and now - note.at < LOOK_PAUSE_MS then
    return bound
  end
  note.count, note.from = countAfter(log, note.from, note.count, most)
  if not note.from then note.place, note.added, note.unread, note.length = note.begun, total, note.count, length end
  writeNote(key, note)
  return note.from and note.count <= most and bound or note.count
end

-- Reads XINFO by itself: publish-units.lua has this part, and each function that it defines costs all publishes a little.
--
-- Returns how many of the route's messages some group has not finished, counted up to `most` where Redis does not know.
-- Scheduled messages count, because they will arrive.
local unfinished = {}
local function unfinishedOf(log, base, most)
  local known = unfinished[log]
  if known then return known end
  local count, groups = 0, redis.pcall('XINFO', 'GROUPS', log)
  if groups.err or #groups == 0 then
    count = redis.call('XLEN', log)
  else
    for _, flat in ipairs(groups) do
      local group = {}
      for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
      local redeliveries = redis.pcall('XLEN', base .. ':inbox:' .. group.name)
      local others = group.pending + (type(redeliveries) == 'number' and redeliveries or 0)
      count = math.max(count, others + (group.lag and knownOf or unreadOf)(log, base, group, most - others))
    end
  end
  local scheduled = redis.pcall('ZCARD', base .. ':schedule')
  if type(scheduled) == 'number' then count = count + scheduled end
  unfinished[log] = count
  return count
end
