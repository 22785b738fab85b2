-- Below the number of arguments that Lua can pass in one call.
local MAX_FIELDS = 7000
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Adds a message's own fields to a body as they are, from the one at `first` on, with its time to live starting again.
-- Returns when it expires, epoch ms, or nil.
local function addRenewed(body, fields, first, publishedAt)
  local expiresAt
  for i = first, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    if name == 'x' and tonumber(value) then
      expiresAt = string.format('%.0f', now + math.max(1, tonumber(value) - publishedAt))
      value = expiresAt
    end
    body[#body + 1] = name
    body[#body + 1] = value
  end
  return expiresAt
end
