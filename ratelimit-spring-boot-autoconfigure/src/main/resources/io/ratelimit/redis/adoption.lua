-- adoption.lua: going by the newest definition of the limits.
--
-- invariant  of two definitions the one with the newer stamp counts. What was used of limits that stay is kept; a limit that goes is
--            forgotten. Amounts of somebody with another definition are translated by name: a limit that he does not know takes 1
--            if he takes any of that kind.

local SAVED_TOGETHER = 1000

local parsed = {}

local function parse_limits(definition)
  if not parsed[definition] then
    local list = {}
    for part in string.gmatch(definition, '[^;]+') do
      local kind, name, limit, span, hold = string.match(part, '^(%a) (%S+) (%d+) (%d+) (%d+)$')
      list[#list + 1] =
        { kind = kind, name = name, limit = tonumber(limit), span = tonumber(span), hold = tonumber(hold) }
    end
    parsed[definition] = list
  end
  return parsed[definition]
end

local function limit_name(i)
  return parse_limits(text)[i].name
end

local function find_limit(definition, limit)
  for i, other in ipairs(parse_limits(definition)) do
    if other.kind == limit.kind and other.name == limit.name then
      return i
    end
  end
  return nil
end

local function translate(amounts, from, to)
  local takes, result = {}, {}
  for i, limit in ipairs(parse_limits(from)) do
    takes[limit.kind] = takes[limit.kind] or amounts[i] > 0
  end
  for i, limit in ipairs(parse_limits(to)) do
    local known = find_limit(from, limit)
    result[i] = known and amounts[known] or takes[limit.kind] and 1 or 0
  end
  return result
end

local function adopt_states(before)
  local old_limits = limits
  for i, limit in ipairs(parse_limits(before)) do
    local at = (i - 1) * WIDTH
    if limit.kind == 's' and not find_limit(sender_text, limit) then
      remove_entries(at, 1, limits[at + COUNT] - 2)
    end
  end
  text, size, limits = sender_text, sender_size, {}
  for i, limit in ipairs(parse_limits(text)) do
    local at, known = (i - 1) * WIDTH, find_limit(before, limit)
    for field = 1, WIDTH do
      limits[at + field] = known and old_limits[(known - 1) * WIDTH + field] or 0
    end
    if not known then
      last_limit_id = last_limit_id + 1
      limits[at + ID] = last_limit_id
    end
    limits[at + KIND] = limit.kind == 's' and WINDOW or SLOTS
    limits[at + LIMIT], limits[at + SPAN], limits[at + HOLD] = limit.limit, limit.span, limit.hold
    limits[at + USED] = limit.kind == 's' and limits[at + USED] or 0
  end
end

local function adopt_holders(before, all)
  for i = 1, #all, 2 do
    local record = { struct.unpack(holder_format, all[i + 1]) }
    all[i + 1] = { unpack(record, 1, HOLDER_SLOTS) }
    for j, limit in ipairs(parse_limits(text)) do
      local known = limit.kind == 'c' and find_limit(before, limit)
      all[i + 1][HOLDER_SLOTS + j] = known and record[HOLDER_SLOTS + known] or 0
    end
  end
  holder_format = '<dddd' .. string.rep('d', size)
  for i = 1, #all, 2 do
    held[all[i]], touched[all[i]], is_touched = all[i + 1], true, true
    count_slots(all[i + 1], 1)
    if (i + 1) / 2 % SAVED_TOGETHER == 0 then
      save_holders()
    end
  end
  save_holders()
end

local function adopt()
  changed = raw ~= false
  if sender_text == text then
    return
  end
  local before = text
  local all_holders = holder_count > 0 and redis.call('HGETALL', HOLDERS) or {}
  local line = queued > 0 and waiting() -- goes by the limits before, until it adopts the new ones
  adopt_states(before)
  adopt_holders(before, all_holders)
  if line then
    line.adopt(function(amounts)
      return translate(amounts, before, text)
    end)
  end
  told_score, told_time = 0, 0
end
