-- Counts a change of the registry and notes the changed fields, so processes read only those. Each note contains the
-- stamp of the one before. A process that finds a stamp other than its own knows that history has changed (FLUSHALL, a
-- lost failover, or an older version, which only counts) and reads the whole registry.
--
-- Correctness does not depend on the notes: if they cannot be written, every process reads the whole registry.
local NOTES_KEPT, FIELDS_NOTED = 1000, 1000
local function noteChange(registry, changes, fields)
  local at = redis.call('TIME')
  local counted = redis.pcall('HINCRBY', registry, 'version', 1)
  if type(counted) == 'table' then
    -- A foreign value cannot be counted up. The new stamp makes every process read everything.
    redis.call('HSET', registry, 'version', 1)
    counted = 1
  end
  local version = string.format('%.0f', counted)
  local before = redis.call('HGET', registry, 'stamp') or ''
  local stamp = at[1] .. '.' .. at[2] .. '.' .. version
  redis.call('HSETNX', registry, 'format', '1')
  redis.call('HSET', registry, 'stamp', stamp)
  local named = #fields <= FIELDS_NOTED and table.concat(fields, '\n') or '*'
  local note = {'MAXLEN', '~', NOTES_KEPT, version .. '-0', 'p', before, 's', stamp, 'f', named}
  if redis.pcall('XADD', changes, unpack(note)).err then
    -- Notes from another history with higher versions, or foreign data.
    redis.call('DEL', changes)
    redis.pcall('XADD', changes, unpack(note))
  end
  return tonumber(version)
end
