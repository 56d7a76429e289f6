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
      local letter, name, limit, span, last = string.match(part, '^(%a) (%S+) (%d+) (%d+) (%d+)$')
      local kind = letter == 'c' and SLOTS or letter == 's' and WINDOW or letter == 'f' and FIXED or BUCKET
      limit, last = tonumber(limit), tonumber(last)
      list[#list + 1] = {
        slots = kind == SLOTS,
        definition = part,
        name = name,
        kind = kind,
        limit = kind == BUCKET and last or limit,
        span = tonumber(span),
        hold = kind == BUCKET and limit or last,
      }
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
    if other.slots == limit.slots and other.name == limit.name then
      return i
    end
  end
  return nil
end

local function translate(amounts, from, to)
  local takes, result = {}, {}
  for i, limit in ipairs(parse_limits(from)) do
    takes[limit.slots] = takes[limit.slots] or amounts[i] > 0
  end
  for i, limit in ipairs(parse_limits(to)) do
    local known = find_limit(from, limit)
    result[i] = known and amounts[known] or takes[limit.slots] and 1 or 0
  end
  return result
end

-- Returns what is used now of a rate that is to be counted otherwise, and its debt.
local function carried(at, kind)
  if kind == WINDOW then
    advance(at)
  else
    rates().of(kind).advance(at)
  end
  if kind ~= BUCKET then
    return limits[at + USED], limits[at + DEBT]
  end
  local used = math.min(limits[at + USED], limits[at + LIMIT])
  return used, limits[at + USED] - used
end

-- Keeps what is used of a limit that stays. Where it comes to count otherwise, it is as if used now.
local function adopt_states(before)
  local old_limits, old_logs, uses = limits, logs, {}
  for i, limit in ipairs(parse_limits(before)) do
    local at = (i - 1) * WIDTH
    local new = parse_limits(sender_text)[find_limit(sender_text, limit) or 0]
    local kept = new and new.kind == limit.kind and (new.kind ~= BUCKET or new.definition == limit.definition)
    if not limit.slots and not kept then
      uses[i] = { carried(at, limit.kind) }
    end
  end
  text, size, limits, logs = sender_text, sender_size, {}, {}
  for i, limit in ipairs(parse_limits(text)) do
    local at, known = (i - 1) * WIDTH, find_limit(before, limit)
    local kept = known and not limit.slots and not uses[known]
    for field = 1, WIDTH do
      limits[at + field] = kept and old_limits[(known - 1) * WIDTH + field] or 0
    end
    logs[at] = kept and old_logs[(known - 1) * WIDTH] or ''
    limits[at + KIND], limits[at + LIMIT], limits[at + SPAN] = limit.kind, limit.limit, limit.span
    limits[at + HOLD] = kept and limits[at + DEBT] or limit.hold
    if kept and limit.kind ~= BUCKET then
      rates().of(limit.kind).stay(at) -- its window may be longer now, or its debt take more of them
    end
  end
  for i, limit in ipairs(parse_limits(text)) do
    local at, use = (i - 1) * WIDTH, uses[find_limit(before, limit) or 0]
    if use and use[1] > 0 then
      rates().of(limit.kind).take(at, use[1])
    end
    if use and use[2] > 0 then
      rates().of(limit.kind).charge(at, use[2])
    end
  end
end

local function adopt_holders(before, all)
  for i = 1, #all, 2 do
    local record = { struct.unpack(holder_format, all[i + 1]) }
    all[i + 1] = { unpack(record, 1, HOLDER_SLOTS) }
    for j, limit in ipairs(parse_limits(text)) do
      local known = limit.slots and find_limit(before, limit)
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
