-- sliding_window.lua: the exact sliding window (a sliding window log whose entries are joined once there are many).
--
-- limit      SPAN: the window (us); USED: sum of the entries; DEBT: see window_debt.lua; COUNT: entries; INDEX: number of the oldest entry. The newest and
--            the oldest entry stand in the header (while COUNT is 1 the newest alone), those between in ENTRIES as
--            "<id of the limit>:<number>": first (us), how much later the latest is (us), amount
-- entry      first and latest event (us), amount. It counts from its latest event, and for one window after it. No two
--            entries share a moment.
-- invariant  USED is never below what was taken within the last window; at most 128 entries.

local ID, COUNT, INDEX, NEWEST_FIRST, NEWEST_LATEST, NEWEST_AMOUNT, OLDEST_FIRST, OLDEST_LATEST, OLDEST_AMOUNT =
  6, 7, 8, 9, 10, 11, 12, 13, 14
local EXACT_ENTRIES = 64
local ENTRY_FORMAT = '<I7I5I4'

local function entry_field(at, offset)
  return limits[at + ID] .. ':' .. limits[at + INDEX] + offset
end

-- Names the stored entries from one offset behind the oldest to another.
local function entry_fields(at, from, to)
  local fields = {}
  for offset = from, to do
    fields[#fields + 1] = entry_field(at, offset)
  end
  return fields
end

local function remove_entries(at, from, to)
  if from <= to then
    entry_count = entry_count - redis.call('HDEL', ENTRIES, unpack(entry_fields(at, from, to)))
    had_entries = had_entries and entry_count > 0
  end
end

local function store_entry(at, offset, first, latest, amount)
  entry_count = entry_count
    + redis.call('HSET', ENTRIES, entry_field(at, offset), struct.pack(ENTRY_FORMAT, first, latest - first, amount))
end

-- Returns when the oldest entry has left the window, and its amount.
local function oldest_entry(at)
  if limits[at + COUNT] > 1 then
    return limits[at + OLDEST_LATEST] + limits[at + SPAN] + 1, limits[at + OLDEST_AMOUNT]
  end
  return limits[at + NEWEST_LATEST] + limits[at + SPAN] + 1, limits[at + NEWEST_AMOUNT]
end

-- Forgets the entries that have left the window.
local function advance(at)
  if limits[at + COUNT] > 0 and now > limits[at + NEWEST_LATEST] + limits[at + SPAN] then
    changed = true
    remove_entries(at, 1, limits[at + COUNT] - 2)
    limits[at + USED], limits[at + COUNT] = 0, 0
    if limits[at + DEBT] > 0 then
      rates().of(WINDOW).start_anew(at)
    end
  end
  while limits[at + COUNT] > 0 do
    local gone_at, amount = oldest_entry(at)
    if now < gone_at then
      break
    end
    changed = true
    limits[at + USED] = limits[at + USED] - amount
    if limits[at + COUNT] > 2 then
      local first, span, next_amount = struct.unpack(ENTRY_FORMAT, redis.call('HGET', ENTRIES, entry_field(at, 1)))
      limits[at + OLDEST_FIRST], limits[at + OLDEST_LATEST], limits[at + OLDEST_AMOUNT] = first, first + span, next_amount
      remove_entries(at, 1, 1)
    end
    limits[at + COUNT], limits[at + INDEX] = limits[at + COUNT] - 1, limits[at + INDEX] + 1
    if limits[at + DEBT] > 0 then
      rates().of(WINDOW).pay_debt(at, math.max(gone_at, limits[at + NEWEST_LATEST]))
    end
  end
  if limits[at + DEBT] > 0 then
    rates().of(WINDOW).pay_debt(at, now) -- a limit that was raised
  end
end

local function window_take(at, amount, time)
  local count, first = limits[at + COUNT], limits[at + NEWEST_FIRST]
  if count > 0 and limits[at + NEWEST_LATEST] == time
    or count >= EXACT_ENTRIES and (time - first) * EXACT_ENTRIES < limits[at + SPAN] then
    limits[at + NEWEST_AMOUNT] = limits[at + NEWEST_AMOUNT] + amount
  else
    if count == 1 then
      limits[at + OLDEST_FIRST], limits[at + OLDEST_LATEST], limits[at + OLDEST_AMOUNT] =
        first, limits[at + NEWEST_LATEST], limits[at + NEWEST_AMOUNT]
    elseif count > 1 then
      store_entry(at, count - 1, first, limits[at + NEWEST_LATEST], limits[at + NEWEST_AMOUNT])
    end
    limits[at + NEWEST_FIRST], limits[at + NEWEST_AMOUNT], limits[at + COUNT] = time, amount, count + 1
  end
  limits[at + NEWEST_LATEST] = time
  limits[at + USED] = limits[at + USED] + amount
  stay_until(time + limits[at + SPAN] + 1)
end
