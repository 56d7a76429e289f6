-- header.lua: what is kept of a partition in one string.
--
-- header     packed: number of limits, and which parts follow the text (two bytes); doubles: time of the last change (us), last number, expiry of
--            the keys (us), stamp; text of the limits. Then, where somebody holds slots or has held some (part 1): earliest end of a holder
--            (us; never later than the true one), holders (tombstones included), mean hold (us), how they are kept: see
--            holders.lua. Then, where somebody waits (part 2): earliest end of an instance's sign of life (us; never later than the true one),
--            tickets queued, score and time (us) that the head of the queue was told last, place in the queue where the next search for
--            dead tickets begins, score of the head of the queue and until when slots are in its way (us) if nobody gives any back. Then
--            WIDTH doubles for each limit, and their logs, one behind the other
-- limit      the doubles of limit i are limits[(i - 1) * WIDTH + ...]. LIMIT is the most that one can take at once, SPAN the lease of slots,
--            the window of a rate, in us. The fourth is the maximum hold of slots (us), the debt of a window, the rate of a bucket. LENGTH is
--            that of the log in bytes, as it was read. See sliding_window.lua, fixed_window.lua and bucket.lua for the log and the rest
-- invariant  what nobody needs takes no room, and no time to read: a rate for which nobody waits has neither part

local FOREVER = 9007199254740991
local WIDTH = 8
local KIND, LIMIT, SPAN, HOLD, USED, LENGTH = 1, 2, 3, 4, 5, 6
local DEBT, RATE = 4, 4
local SLOTS, WINDOW, FIXED, BUCKET = 1, 2, 3, 4
local LISTED, TABLED, INDEXED = 0, 1, 2
local LONG = 65

-- Returns all but the limits, which are read behind it.
local function read_header(raw)
  local size, parts, last, number, expires_at, stamp, text, rest = struct.unpack('<BBdddds', raw)
  local earliest_end, holder_count, mean_hold, form = FOREVER, 0, 0, 0
  local earliest_live, queued, told_score, told_time, sweep_from, head_score, stuck_until = FOREVER, 0, 0, 0, 0, 0, 0
  if parts > 0 then
    earliest_end, holder_count, mean_hold, form, rest = struct.unpack('<dddd', raw, rest)
  end
  if parts > 1 then
    earliest_live, queued, told_score, told_time, sweep_from, head_score, stuck_until, rest = struct.unpack('<ddddddd', raw, rest)
  end
  return size, rest, last, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form, earliest_live, queued,
    told_score, told_time, sweep_from, head_score, stuck_until
end

-- Returns the limits and their logs, by the place before their first double.
local function read_limits(raw, size, rest)
  local limits, logs = { struct.unpack('<' .. string.rep('dddddddd', size), raw, rest) }, {}
  rest, limits[size * WIDTH + 1] = limits[size * WIDTH + 1], nil
  for at = 0, (size - 1) * WIDTH, WIDTH do
    logs[at] = string.sub(raw, rest, rest + limits[at + LENGTH] - 1)
    rest = rest + limits[at + LENGTH]
  end
  return limits, logs
end

local function write_header(limits, logs, size, last, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form,
  earliest_live, queued, told_score, told_time, sweep_from, head_score, stuck_until)
  local all = ''
  for at = 0, (size - 1) * WIDTH, WIDTH do
    limits[at + LENGTH] = #logs[at]
    all = all .. logs[at]
  end
  local packed = struct.pack('<' .. string.rep('dddddddd', size), unpack(limits)) .. all
  if queued > 0 or earliest_live < FOREVER then
    return struct.pack('<BBddddsddddddddddd', size, 2, last, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form,
      earliest_live, queued, told_score, told_time, sweep_from, head_score, stuck_until) .. packed
  end
  if holder_count > 0 or earliest_end < FOREVER or mean_hold > 0 then
    return struct.pack('<BBddddsdddd', size, 1, last, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form) .. packed
  end
  return struct.pack('<BBdddds', size, 0, last, number, expires_at, stamp, text) .. packed
end
