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

local function take(permit, amounts, from_queue)
  number = math.max(number + 1, now)
  stay_until(now)
  local holder = { number, now, 0, 0 }
  local hold
  local any = from_queue
  for i = 1, size do
    local at = (i - 1) * WIDTH
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
