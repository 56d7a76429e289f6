-- rates.lua: the algorithms that not every call needs: what is rare about sliding windows, fixed windows, buckets. Made when first asked
-- for.
--
-- functions  of each algorithm: take and charge (whether there is room or not), refund; of windows: stay (for as long as what is kept
--            counts); and but for sliding windows: advance (what comes back by time alone), wait_for_room, status
-- invariant  no debt takes longer to pay than a century, so that all numbers stay whole.

local window_debt, fixed_window, bucket

local CENTURY, MOST_WINDOWS = 3153600000000000, 100000000

-- Returns the functions of a kind of rate.
local function of(kind)
  return (kind == WINDOW and window_debt or kind == FIXED and fixed_window or bucket)()
end

-- Returns in how many windows an amount is paid.
local function windows_for(at, amount)
  return math.floor((amount + limits[at + LIMIT] - 1) / limits[at + LIMIT])
end

-- Returns the greatest debt, given how much comes back in a window.
local function most_debt(at, per_window)
  return per_window * math.min(math.floor(CENTURY / (limits[at + SPAN] + 1)), MOST_WINDOWS)
end
