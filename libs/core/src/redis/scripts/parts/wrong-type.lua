-- Returns the error for the first key that exists with another type; nil if there is none. Redis has no rollback: a key
-- of a wrong type must be found before the first write, not between two writes.
local function wrongType(wantedTypes)
  for key, wanted in pairs(wantedTypes) do
    local found = redis.call('TYPE', key).ok
    if found ~= 'none' and found ~= wanted then
      return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. wanted)
    end
  end
end
