-- limits.lua: taking amounts.
--
-- invariant  all amounts are taken at once, or none.

local function fits(amounts)
  for i = 1, size do
    local at = (i - 1) * WIDTH
    if amounts[i] > 0 and limits[at + USED] + amounts[i] > limits[at + LIMIT] then
      return false
    end
  end
  return true
end

-- Takes amounts that fit; for a ticket from the queue a record is always kept, until its instance has confirmed it. The lease ends when
-- the instance is no longer live at the latest, so that a holder and a head that die together cost one lease, not two. Returns the lease and the maximum hold that come with them (us; 0: no slots, no maximum).
local function take(permit, amounts, live_until)
  number = number < now and now or number + 1
  stay_until(now)
  local holder
  local hold = FOREVER
  for i = 1, size do
    local at = (i - 1) * WIDTH
    local kind = limits[at + KIND]
    if amounts[i] > 0 and kind == WINDOW then
      window_take(at, amounts[i], now)
    elseif amounts[i] > 0 and kind ~= SLOTS then
      rates().of(kind).take(at, amounts[i])
    elseif amounts[i] > 0 then
      holder = holder or { number, now, 0, 0 }
      limits[at + USED] = limits[at + USED] + amounts[i]
      hold = limits[at + HOLD] > 0 and math.min(hold, limits[at + HOLD]) or hold
    end
  end
  if not holder and not live_until then
    return 0, 0
  end
  holder = holder or { number, now, 0, 0 }
  for i = 1, size do
    holder[HOLDER_SLOTS + i] = limits[(i - 1) * WIDTH + KIND] == SLOTS and amounts[i] or 0
  end
  holder[HOLD_END] = hold < FOREVER and now + hold or 0
  renew_lease(holder)
  holder[LEASE_END] = math.min(holder[LEASE_END], live_until or FOREVER)
  keep_holder(permit, holder)
  return times_left(holder)
end
