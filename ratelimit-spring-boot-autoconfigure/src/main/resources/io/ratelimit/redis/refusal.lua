-- refusal.lua: why amounts are not granted, and when they may be.

local UNKNOWN_HOLD = 1000000

-- Returns in how many microseconds an amount fits into a window: 0 for now.
local function window_wait(at, amount)
  local missing = limits[at + USED] + limits[at + DEBT] + amount - limits[at + LIMIT]
  if missing <= 0 then
    return 0
  end
  for position = 1, #logs[at], ENTRY_LENGTH do
    local latest, entry_amount = struct.unpack(ENTRY_FORMAT, logs[at], position)
    missing = missing - entry_amount
    if missing <= 0 then
      return latest + limits[at + SPAN] + 1 - now
    end
  end
  local windows = limits[at + DEBT] > 0 and rates().windows_for(at, limits[at + DEBT] + amount) or 1
  return newest_entry(at) + windows * (limits[at + SPAN] + 1) - now
end

local function rate_wait(at, amount)
  local kind = limits[at + KIND]
  if kind == WINDOW then
    return window_wait(at, amount)
  end
  return rates().of(kind).wait_for_room(at, amount)
end

local function slots_wait(at, amount)
  local missing = limits[at + USED] + amount - limits[at + LIMIT]
  if missing <= 0 then
    return 0
  end
  if mean_hold == 0 then
    return UNKNOWN_HOLD
  end
  return math.max(1, math.floor(mean_hold * missing / math.max(1, limits[at + USED])))
end

-- Returns the longest wait, and the limits that are in the way, that with the longest wait first.
local function blocked(amounts)
  local longest, violated = 0, {}
  for i = 1, size do
    local at = (i - 1) * WIDTH
    local wait = 0
    if amounts[i] > 0 then
      wait = (limits[at + KIND] == SLOTS and slots_wait or rate_wait)(at, amounts[i])
    end
    if wait > 0 then
      table.insert(violated, wait > longest and 1 or #violated + 1, i)
      longest = math.max(longest, wait)
    end
  end
  return longest, violated
end

local function above_capacity(amounts)
  for i = 1, size do
    if amounts[i] > limits[(i - 1) * WIDTH + LIMIT] then
      return i
    end
  end
  return nil
end

-- The best guess of how long those take who wait already.
local function wait_behind()
  local used = 0
  for at = 0, (size - 1) * WIDTH, WIDTH do
    used = used + (limits[at + KIND] == SLOTS and limits[at + USED] or 0)
  end
  return math.floor(mean_hold * queued / math.max(1, used))
end

local function answer_limits(violated)
  answer(#violated)
  for _, i in ipairs(violated) do
    answer(i)
  end
end

local function answer_refused(wait, violated)
  answer(REFUSED)
  answer(wait)
  answer_limits(violated)
end

local function answer_granted(holder)
  local lease, hold = times_left(holder)
  answer(GRANTED)
  answer(holder[FENCE])
  answer(holder[GRANTED_AT])
  answer(lease)
  answer(hold)
end

-- Answers for a ticket that has been granted before, and may be over.
local function answer_known(holder)
  if holder[FENCE] == 0 then
    return answer_refused(0, {})
  end
  answer_granted(holder)
end
