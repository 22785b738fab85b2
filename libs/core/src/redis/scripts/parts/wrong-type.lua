-- The error for the first key that is there with another type; nil if all are as they are to be. Redis rolls nothing
-- back: a key of a wrong type is found before the first write, not between two of them.
local function wrongType(wantedTypes)
  for key, wanted in pairs(wantedTypes) do
    local found = redis.call('TYPE', key).ok
    if found ~= 'none' and found ~= wanted then
      return redis.error_reply('WRONGTYPE ' .. key .. ' is a ' .. found .. ', not a ' .. wanted)
    end
  end
end
