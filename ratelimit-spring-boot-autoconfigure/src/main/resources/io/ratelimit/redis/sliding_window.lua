-- sliding_window.lua: the exact sliding window (a sliding window log whose entries are joined once there are many).
--
-- limit      SPAN: the window (us); USED: sum of the entries; COUNT: entries; INDEX: number of the oldest entry. The newest and
--            the oldest entry stand in the header (while COUNT is 1 the newest alone), those between in ENTRIES as
--            "<id of the limit>:<number>": first, latest, amount
-- entry      first and latest event (us), amount. It counts from its latest event, and for one window after it. No two
--            entries share a moment.
-- invariant  USED is never below what was taken within the last window; at most 128 entries.

local ID, COUNT, INDEX, NEWEST_FIRST, NEWEST_LATEST, NEWEST_AMOUNT, OLDEST_FIRST, OLDEST_LATEST, OLDEST_AMOUNT =
  6, 7, 8, 9, 10, 11, 12, 13, 14
local EXACT_ENTRIES = 64
local ENTRY_FORMAT = '<ddd'

-- Names the stored entries from one offset behind the oldest to another.
local function entry_fields(at, from, to)
  local fields = {}
  for offset = from, to do
    fields[#fields + 1] = limits[at + ID] .. ':' .. limits[at + INDEX] + offset
  end
  return fields
end

-- Returns the stored entries from one offset to another, packed.
local function read_entries(at, from, to)
  return from <= to and redis.call('HMGET', ENTRIES, unpack(entry_fields(at, from, to))) or {}
end

local function remove_entries(at, from, to)
  if from <= to then
    entry_count = entry_count - redis.call('HDEL', ENTRIES, unpack(entry_fields(at, from, to)))
  end
end

local function store_entry(at, offset, first, latest, amount)
  entry_count = entry_count
    + redis.call('HSET', ENTRIES, entry_fields(at, offset, offset)[1], struct.pack(ENTRY_FORMAT, first, latest, amount))
end

-- Returns when the oldest entry has left the window, and its amount.
local function oldest_entry(at)
  if limits[at + COUNT] > 1 then
    return limits[at + OLDEST_LATEST] + limits[at + SPAN] + 1, limits[at + OLDEST_AMOUNT]
  end
  return limits[at + NEWEST_LATEST] + limits[at + SPAN] + 1, limits[at + NEWEST_AMOUNT]
end

local function forget_oldest(at, amount)
  changed = true
  limits[at + USED] = limits[at + USED] - amount
  if limits[at + COUNT] > 2 then
    limits[at + OLDEST_FIRST], limits[at + OLDEST_LATEST], limits[at + OLDEST_AMOUNT] =
      struct.unpack(ENTRY_FORMAT, read_entries(at, 1, 1)[1])
    remove_entries(at, 1, 1)
  end
  limits[at + COUNT], limits[at + INDEX] = limits[at + COUNT] - 1, limits[at + INDEX] + 1
end

-- Forgets the entries that have left the window.
local function advance(at)
  if limits[at + COUNT] > 0 and now > limits[at + NEWEST_LATEST] + limits[at + SPAN] then
    changed = true
    remove_entries(at, 1, limits[at + COUNT] - 2)
    limits[at + USED], limits[at + COUNT] = 0, 0
  end
  while limits[at + COUNT] > 0 do
    local gone_at, amount = oldest_entry(at)
    if now < gone_at then
      return
    end
    forget_oldest(at, amount)
  end
end

-- Returns in how many microseconds an amount fits: 0 for now.
local function window_wait(at, amount)
  local missing = limits[at + USED] + amount - limits[at + LIMIT]
  if missing <= 0 then
    return 0
  end
  local gone_at, oldest_amount = oldest_entry(at)
  missing = missing - oldest_amount
  if missing <= 0 then
    return gone_at - now
  end
  for _, packed in ipairs(read_entries(at, 1, limits[at + COUNT] - 2)) do
    local _, latest, entry_amount = struct.unpack(ENTRY_FORMAT, packed)
    missing = missing - entry_amount
    if missing <= 0 then
      return latest + limits[at + SPAN] + 1 - now
    end
  end
  return limits[at + NEWEST_LATEST] + limits[at + SPAN] + 1 - now
end

local function window_take(at, amount)
  local count, first = limits[at + COUNT], limits[at + NEWEST_FIRST]
  if count > 0 and limits[at + NEWEST_LATEST] == now
    or count >= EXACT_ENTRIES and (now - first) * EXACT_ENTRIES < limits[at + SPAN] then
    limits[at + NEWEST_AMOUNT] = limits[at + NEWEST_AMOUNT] + amount
  else
    if count == 1 then
      limits[at + OLDEST_FIRST], limits[at + OLDEST_LATEST], limits[at + OLDEST_AMOUNT] =
        first, limits[at + NEWEST_LATEST], limits[at + NEWEST_AMOUNT]
    elseif count > 1 then
      store_entry(at, count - 1, first, limits[at + NEWEST_LATEST], limits[at + NEWEST_AMOUNT])
    end
    limits[at + NEWEST_FIRST], limits[at + NEWEST_AMOUNT], limits[at + COUNT] = now, amount, count + 1
  end
  limits[at + NEWEST_LATEST] = now
  limits[at + USED] = limits[at + USED] + amount
  stay_until(now + limits[at + SPAN] + 1)
end

-- Gives back what was taken at a moment, unless that has left the window already.
local function window_refund(at, amount, taken_at)
  local count = limits[at + COUNT]
  local function refund_from(first, latest, entry_amount)
    if taken_at < first or taken_at > latest then
      return nil
    end
    local refunded = math.min(amount, entry_amount)
    limits[at + USED] = limits[at + USED] - refunded
    return entry_amount - refunded
  end
  if count == 0 then
    return
  end
  local left = refund_from(limits[at + NEWEST_FIRST], limits[at + NEWEST_LATEST], limits[at + NEWEST_AMOUNT])
  if left then
    limits[at + NEWEST_AMOUNT] = left
    return
  end
  left = count > 1 and refund_from(limits[at + OLDEST_FIRST], limits[at + OLDEST_LATEST], limits[at + OLDEST_AMOUNT])
  if left then
    limits[at + OLDEST_AMOUNT] = left
    return
  end
  for offset, packed in ipairs(read_entries(at, 1, count - 2)) do
    local first, latest, entry_amount = struct.unpack(ENTRY_FORMAT, packed)
    left = refund_from(first, latest, entry_amount)
    if left then
      store_entry(at, offset, first, latest, left)
      return
    end
  end
end
