#!lua flags=no-writes
-- Lists scheduled messages, earliest due first, one page at a time: delayed sends, or a group's retries.
--
-- KEYS[1] -> schedule
-- KEYS[2] -> scheduled
-- ARGV[1] -> how the names begin of what is to be listed: 'send:' or 'retry:<group>:'
-- ARGV[2] -> from when on, epoch ms, '-inf' at first
-- ARGV[3] -> how many that are due at that very instant were looked at before
-- ARGV[4] -> how many to list at most
-- ARGV[5] -> maximum number to examine
-- ARGV[6] -> how many bytes to list at most; the last one may go beyond
-- Output: {list, from, skip}: list has for each {member, due, fields of its entry}, no fields if they cannot be read;
--         from and skip say where to continue, from is '' at the end
local schedule, scheduled = unpack(KEYS)
local prefix, from, skip, count = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local look, left = tonumber(ARGV[5]), tonumber(ARGV[6])

local function fieldsOf(member)
  local packed = redis.call('HGET', scheduled, member)
  if not packed then return {} end
  left = left - #packed
  local ok, entry = pcall(cmsgpack.unpack, packed)
  if not ok or type(entry) ~= 'table' then return {} end
  table.remove(entry, 1)
  for i, field in ipairs(entry) do
    if type(field) ~= 'string' then entry[i] = tostring(field) end
  end
  return entry
end

-- By rank, because to skip many that are due at one instant means to walk over them.
local start = redis.call('ZCOUNT', schedule, '-inf', '(' .. from) + skip
local page = redis.call('ZRANGE', schedule, start, start + look - 1, 'WITHSCORES')
local list = {}
for i = 1, #page, 2 do
  local member, due = page[i], page[i + 1]
  local isWanted = string.sub(member, 1, #prefix) == prefix
  -- Only now is it certain that there is another one.
  if isWanted and (#list >= count or left <= 0) then return {list, from, skip} end
  if due == from then skip = skip + 1 else from, skip = due, 1 end
  if isWanted then list[#list + 1] = {member, due, fieldsOf(member)} end
end
return {list, #page / 2 < look and '' or from, skip}
