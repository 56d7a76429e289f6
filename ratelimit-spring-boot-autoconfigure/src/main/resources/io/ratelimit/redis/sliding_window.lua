-- sliding_window.lua: the exact sliding window (a sliding window log whose entries are joined once there are many).
--
-- limit      SPAN: the window (us); USED: sum of the entries; DEBT: see window_debt.lua; NEWEST_FIRST: the first event of the newest entry (us)
-- log        the entries, the oldest first: latest event (us), amount. An entry counts from its latest event, and for one window after
--            it. No two entries share a moment.
-- invariant  USED is never below what was taken within the last window; at most 128 entries.

local EXACT_ENTRIES = 64
local NEWEST_FIRST = 7
local ENTRY_FORMAT, ENTRY_LENGTH = '<I7I4', 11

-- Returns the latest event of all, and the amount of the newest entry; 0 where there is none.
local function newest_entry(at)
  if logs[at] == '' then
    return 0, 0
  end
  return struct.unpack(ENTRY_FORMAT, logs[at], #logs[at] - ENTRY_LENGTH + 1)
end

-- Returns when the oldest entry has left the window, and its amount.
local function oldest_entry(at)
  local latest, amount = struct.unpack(ENTRY_FORMAT, logs[at])
  return latest + limits[at + SPAN] + 1, amount
end

-- Forgets the entries that have left the window.
local function advance(at)
  local latest = newest_entry(at)
  if logs[at] ~= '' and now > latest + limits[at + SPAN] then
    changed = true
    limits[at + USED], logs[at] = 0, ''
    if limits[at + DEBT] > 0 then
      rates().of(WINDOW).start_anew(at, latest)
    end
  end
  while logs[at] ~= '' do
    local gone_at, amount = oldest_entry(at)
    if now < gone_at then
      break
    end
    changed = true
    limits[at + USED], logs[at] = limits[at + USED] - amount, string.sub(logs[at], ENTRY_LENGTH + 1)
    if limits[at + DEBT] > 0 then
      rates().of(WINDOW).pay_debt(at, math.max(gone_at, (newest_entry(at))))
    end
  end
  if limits[at + DEBT] > 0 then
    rates().of(WINDOW).pay_debt(at, now) -- a limit that was raised
  end
end

local function window_take(at, amount, time)
  local log, taken = logs[at], amount
  local latest, newest_amount = newest_entry(at)
  if log ~= '' and (latest == time
    or #log >= EXACT_ENTRIES * ENTRY_LENGTH and (time - limits[at + NEWEST_FIRST]) * EXACT_ENTRIES < limits[at + SPAN]) then
    log, taken = string.sub(log, 1, -ENTRY_LENGTH - 1), newest_amount + amount
  else
    limits[at + NEWEST_FIRST] = time
  end
  limits[at + USED], logs[at] = limits[at + USED] + amount, log .. struct.pack(ENTRY_FORMAT, time, taken)
  stay_until(time + limits[at + SPAN] + 1)
end
