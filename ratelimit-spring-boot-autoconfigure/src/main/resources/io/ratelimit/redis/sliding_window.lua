-- sliding_window.lua: the exact sliding window (a sliding window log whose entries are joined once there are many).
--
-- limit      span: the window (us); used: sum of the entries; count: entries; index: number of the oldest entry. The oldest and
--            the newest entry stand in the header (they are one while count is 1), those between in ENTRIES as "<name>:<number>"
-- entry      first and latest event (us), amount. It counts from its latest event, and for one window after it. No two
--            entries share a moment.
-- invariant  used is never below what was taken within the last window; at most 128 entries.

local EXACT_ENTRIES = 64

local function leaves(limit, entry)
  return entry.latest + limit.span
end

-- Names the stored entries from one offset behind the oldest to another.
local function entry_fields(limit, from, to)
  local fields = {}
  for offset = from, to do
    fields[#fields + 1] = limit.name .. ':' .. string.format('%.0f', limit.index + offset)
  end
  return fields
end

local function read_entries(limit, from, to)
  local entries = {}
  if from <= to then
    for i, raw in ipairs(redis.call('HMGET', ENTRIES, unpack(entry_fields(limit, from, to)))) do
      local first, latest, amount = cmsgpack.unpack(raw)
      entries[i] = { first = first, latest = latest, amount = amount }
    end
  end
  return entries
end

local function remove_entries(limit, from, to)
  if from <= to then
    state.entries = state.entries - redis.call('HDEL', ENTRIES, unpack(entry_fields(limit, from, to)))
  end
end

local function store_entry(limit, offset, entry)
  local packed = cmsgpack.pack(entry.first, entry.latest, entry.amount)
  state.entries = state.entries + redis.call('HSET', ENTRIES, entry_fields(limit, offset, offset)[1], packed)
end

-- Forgets the entries that have left the window.
local function advance(limit)
  if limit.count > 0 and now > leaves(limit, limit.newest) then
    changed = true
    remove_entries(limit, 1, limit.count - 2)
    limit.used, limit.count = 0, 0
  end
  while limit.count > 0 and now > leaves(limit, limit.oldest) do
    changed = true
    limit.used = limit.used - limit.oldest.amount
    if limit.count > 2 then
      limit.oldest = read_entries(limit, 1, 1)[1]
      remove_entries(limit, 1, 1)
    else
      limit.oldest = limit.newest
    end
    limit.count, limit.index = limit.count - 1, limit.index + 1
  end
end

-- Returns in how many microseconds an amount fits: 0 for now.
local function window_wait(limit, amount)
  local missing = limit.used + amount - limit.limit
  if missing <= 0 then
    return 0
  end
  missing = missing - limit.oldest.amount
  if missing <= 0 then
    return leaves(limit, limit.oldest) + 1 - now
  end
  for _, entry in ipairs(read_entries(limit, 1, limit.count - 2)) do
    missing = missing - entry.amount
    if missing <= 0 then
      return leaves(limit, entry) + 1 - now
    end
  end
  return leaves(limit, limit.newest) + 1 - now
end

local function joins(limit, entry)
  return limit.count > 0 and entry.latest == now
    or limit.count >= EXACT_ENTRIES and (now - entry.first) * EXACT_ENTRIES < limit.span
end

local function window_take(limit, amount)
  local newest = limit.newest
  if joins(limit, newest) then
    newest.latest, newest.amount = now, newest.amount + amount
  else
    if limit.count > 1 then
      store_entry(limit, limit.count - 1, newest)
    end
    limit.newest = { first = now, latest = now, amount = amount }
    if limit.count == 0 then
      limit.oldest = limit.newest
    end
    limit.count = limit.count + 1
  end
  limit.used = limit.used + amount
  stay_until(leaves(limit, limit.newest) + 1)
end

-- Gives back what was taken at a moment, unless that has left the window already.
local function window_refund(limit, amount, taken_at)
  local function refund(entry)
    if limit.count == 0 or taken_at < entry.first or taken_at > entry.latest then
      return false
    end
    local refunded = math.min(amount, entry.amount)
    entry.amount = entry.amount - refunded
    limit.used = limit.used - refunded
    return true
  end
  if refund(limit.newest) or refund(limit.oldest) then
    return
  end
  for offset, entry in ipairs(read_entries(limit, 1, limit.count - 2)) do
    if refund(entry) then
      store_entry(limit, offset, entry)
      return
    end
  end
end

local function window_reset(limit)
  return limit.count > 0 and leaves(limit, limit.oldest) + 1 - now or 0
end
