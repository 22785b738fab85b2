-- Walks a stream a few entries at a time, within a budget. Pages start small, because only reading an entry reveals its
-- size, and stay small, because the next entries may be larger. The walk stops when `visit` returns a value, and
-- returns that value.
--
-- Backwards, a page begins with the last entry of the previous page, which is not visited again: for a range before the
-- first entry, Redis walks the whole stream.
--
-- If `visit` returns nothing, the walk returns nil and the id to continue from; at the end of the stream, or without a
-- stream, it returns nil and nil. Any other refusal of the server is an error.
local MOST_PER_PAGE, ENTRY_COST = 10, 50
local function walk(stream, command, from, to, budget, visit)
  local count, isBack = 1, command == 'XREVRANGE'
  while budget.left > 0 do
    local before = budget.left
    local known = isBack and from ~= '+' and from
    local asked = known and count + 1 or count
    local page = redis.pcall(command, stream, from, to, 'COUNT', asked)
    if page.err then
      if string.find(page.err, '^WRONGTYPE') then return nil, nil end
      error(page)
    end
    for _, entry in ipairs(page) do
      budget.left = budget.left - ENTRY_COST
      for _, text in ipairs(entry[2]) do budget.left = budget.left - #text end
      local found = entry[1] ~= known and visit(entry[1], entry[2])
      if found then return found end
    end
    if #page < asked then return nil, nil end
    from = (isBack and '' or '(') .. page[#page][1]
    local fitting = math.floor(budget.left * #page / (before - budget.left))
    count = math.max(1, math.min(fitting, 2 * count, MOST_PER_PAGE))
  end
  return nil, from
end
