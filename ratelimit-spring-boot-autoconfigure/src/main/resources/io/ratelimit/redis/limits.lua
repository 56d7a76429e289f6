-- limits.lua: what the limits say to amounts.
--
-- invariant  all amounts are taken at once, or none. A refusal changes nothing but time.

local UNKNOWN_HOLD = 1000000

local function fits(amounts)
  for i = 1, size do
    local at = place(i)
    if amounts[i] > 0 and limits[at + USED] + amounts[i] > limits[at + LIMIT] then
      return false
    end
  end
  return true
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
    local at = place(i)
    local wait = 0
    if amounts[i] > 0 then
      wait = limits[at + KIND] == WINDOW and window_wait(at, amounts[i]) or limits[at + KIND] == SLOTS and slots_wait(at, amounts[i])
    end
    if wait > 0 then
      table.insert(violated, wait > longest and 1 or #violated + 1, i)
      longest = math.max(longest, wait)
    end
  end
  return longest, violated
end

local function take(permit, amounts, from_queue)
  number = math.max(number + 1, now)
  stay_until(now)
  local holder = { number, now, 0, 0 }
  local hold
  local any = from_queue
  for i = 1, size do
    local at = place(i)
    local slots = 0
    if amounts[i] > 0 and limits[at + KIND] == WINDOW then
      window_take(at, amounts[i])
    elseif amounts[i] > 0 then
      slots, any = amounts[i], true
      limits[at + USED] = limits[at + USED] + slots
      hold = limits[at + HOLD] > 0 and math.min(hold or FOREVER, limits[at + HOLD]) or hold
    end
    holder[HOLDER_SLOTS + i] = slots
  end
  if any then
    holder[HOLD_END] = hold and now + hold or 0
    renew_lease(holder)
    keep_holder(permit, holder)
  end
  return holder
end

-- Returns how long slots are kept, and what is left of their maximum hold; 0: none are held, there is no maximum.
local function times_left(holder)
  local lease = has_slots(holder) and math.max(0, holder[LEASE_END] - now) or 0
  return lease, holder[HOLD_END] > 0 and math.max(1, holder[HOLD_END] - now) or 0
end
