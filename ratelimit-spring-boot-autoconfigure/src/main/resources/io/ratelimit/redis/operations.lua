-- operations.lua: what can be done with a partition. See arguments.lua for the operations.
--
-- reply      one array per operation, followed by two numbers per limit: used, and reset (us)
--              granted    fence, granted at (us), lease (us; 0: no slots), what is left of the maximum hold (us; 0: none)
--              refused    wait (us), the limits that refused as places in the list of limits, the longest wait first
--              done
--              renewed    lease from now (us; 0: lost) of each permit
--              inspected  holders, those shown as { permit, age (us), lease left (us), amounts }
--              error      text; alone
-- invariant  all amounts are taken at once, or none. A refusal changes nothing but time.

-- Goes by the newest definition, taking over what was used of limits that stay.
local function adopt_limits()
  if sender.stamp <= state.stamp then
    return
  end
  changed = not state.is_new
  state.stamp = sender.stamp
  if sender.text == state.text then
    return
  end
  local before = {}
  for _, limit in ipairs(state.limits) do
    before[limit.kind .. limit.name] = limit
  end
  state.text, state.limits = sender.text, parse_limits(sender.text)
  for _, limit in ipairs(state.limits) do
    local old = before[limit.kind .. limit.name]
    limit.used = 0
    if limit.kind == 's' then
      limit.count, limit.index = 0, 0
      limit.newest = { first = 0, latest = 0, amount = 0 }
      limit.oldest = limit.newest
    end
    if limit.kind == 's' and old then
      limit.used, limit.count, limit.index = old.used, old.count, old.index
      limit.newest, limit.oldest = old.newest, old.oldest
    end
  end
  each_holder(function(_, holder)
    count_slots(holder.slots, 1)
  end)
end

-- Reads amounts that stand in the order of the sender's limits as amounts of the limits that the partition goes by. A limit that the
-- sender does not know takes 1 if the sender takes any of that kind.
local function by_name(amounts)
  if sender.text == state.text then
    return amounts
  end
  sender.limits = sender.limits or parse_limits(sender.text)
  local result = {}
  for i, limit in ipairs(state.limits) do
    local takes_kind = 0
    for j, known in ipairs(sender.limits) do
      if known.kind == limit.kind and known.name == limit.name then
        result[i] = amounts[j]
      elseif known.kind == limit.kind and amounts[j] > 0 then
        takes_kind = 1
      end
    end
    result[i] = result[i] or takes_kind
  end
  return result
end

local UNKNOWN_HOLD = 1000000

local function slots_wait(limit, amount)
  local missing = limit.used + amount - limit.limit
  if missing <= 0 then
    return 0
  end
  if state.mean_hold == 0 then
    return UNKNOWN_HOLD
  end
  return math.max(1, math.floor(state.mean_hold * missing / math.max(1, limit.used)))
end

local function granted(holder)
  local hold_left = holder.hold_end > 0 and math.max(1, holder.hold_end - now) or 0
  return { 'granted', holder.fence, holder.granted_at, math.max(0, holder.lease_end - now), hold_left }
end

local function grant(ticket, amounts)
  state.number = math.max(state.number + 1, now)
  stay_until(now)
  local slots, hold = {}, nil
  for i, limit in ipairs(state.limits) do
    if amounts[i] > 0 and limit.kind == 's' then
      window_take(limit, amounts[i])
    elseif amounts[i] > 0 then
      limit.used = limit.used + amounts[i]
      slots[limit.name] = amounts[i]
      hold = limit.hold > 0 and math.min(hold or limit.hold, limit.hold) or hold
    end
  end
  if not next(slots) then
    return { 'granted', state.number, now, 0, 0 }
  end
  local hold_end = hold and now + hold or 0
  local holder = {
    fence = state.number, granted_at = now, lease_end = lease_end(slots, hold_end), hold_end = hold_end, slots = slots,
  }
  keep_holder(ticket, holder)
  return granted(holder)
end

local function acquire(operation)
  local known = find_holder(operation.ticket)
  if known then
    return known.gone and { 'refused', 0, {} } or granted(known)
  end
  local amounts = by_name(operation.amounts)
  for i, limit in ipairs(state.limits) do
    if amounts[i] > limit.limit then
      return { 'error', string.format("The amount %.0f is above the capacity %.0f of the limit '%s'",
        amounts[i], limit.limit, limit.name) }
    end
  end
  local longest, violated = 0, {}
  for i, limit in ipairs(state.limits) do
    local wait = 0
    if amounts[i] > 0 then
      wait = limit.kind == 's' and window_wait(limit, amounts[i]) or limit.kind == 'c' and slots_wait(limit, amounts[i])
    end
    if wait > 0 then
      table.insert(violated, wait > longest and 1 or #violated + 1, i)
      longest = math.max(longest, wait)
    end
  end
  if #violated > 0 then
    return { 'refused', longest, violated }
  end
  return grant(operation.ticket, amounts)
end

local function remove_holder(permit, holder)
  changed = true
  state.holders = state.holders - redis.call('HDEL', HOLDERS, permit)
  count_slots(holder.slots, -1)
end

local function release(operation)
  local holder = find_holder(operation.permit)
  if holder and not holder.gone then
    remove_holder(operation.permit, holder)
    local held = now - holder.granted_at
    state.mean_hold = state.mean_hold == 0 and held or math.floor((state.mean_hold * 7 + held) / 8)
  end
  return { 'done' }
end

local function cancel(operation)
  local holder = find_holder(operation.ticket)
  if holder and holder.gone then
    return { 'done' }
  end
  local taken_at = operation.granted_at
  if holder then
    taken_at = holder.granted_at
    count_slots(holder.slots, -1)
  end
  local amounts = by_name(operation.amounts)
  for i, limit in ipairs(state.limits) do
    if limit.kind == 's' and taken_at > 0 then
      window_refund(limit, amounts[i], taken_at)
    end
  end
  keep_tombstone(operation.ticket)
  return { 'done' }
end

-- The state was lost: a live holder's slots are taken again, above the limit if need be.
local function put_back(permit)
  local slots = {}
  local amounts = by_name(permit.amounts)
  for i, limit in ipairs(state.limits) do
    if limit.kind == 'c' and amounts[i] > 0 then
      slots[limit.name] = amounts[i]
    end
  end
  local hold_end = permit.hold_left > 0 and now + permit.hold_left or 0
  local ends = lease_end(slots, hold_end)
  state.number = math.max(state.number, permit.fence)
  count_slots(slots, 1)
  keep_holder(permit.permit, {
    fence = permit.fence, granted_at = permit.granted_at, lease_end = ends, hold_end = hold_end, slots = slots,
  })
  return ends - now
end

local function renew_permit(permit)
  local holder = find_holder(permit.permit)
  if not holder then
    return permit.lease_left > 0 and put_back(permit) or 0
  end
  if holder.gone or (holder.hold_end > 0 and now >= holder.hold_end) then
    return 0
  end
  holder.lease_end = lease_end(holder.slots, holder.hold_end)
  keep_holder(permit.permit, holder)
  return holder.lease_end - now
end

local function renew(operation)
  local leases = {}
  for i, permit in ipairs(operation.permits) do
    leases[i] = renew_permit(permit)
  end
  return { 'renewed', leases }
end

local function inspect(operation)
  local holders = {}
  each_holder(function(permit, holder)
    if not holder.gone then
      holder.permit = permit
      holders[#holders + 1] = holder
    end
  end)
  table.sort(holders, function(one, other)
    return one.fence < other.fence
  end)
  local shown = {}
  for i = 1, math.min(#holders, operation.most) do
    local holder, amounts = holders[i], {}
    for j, limit in ipairs(state.limits) do
      amounts[j] = limit.kind == 'c' and holder.slots[limit.name] or 0
    end
    shown[i] = { holder.permit, math.max(0, now - holder.granted_at), holder.lease_end - now, amounts }
  end
  return { 'inspected', #holders, shown }
end

local function with_status(answer)
  if answer[1] ~= 'error' then
    for _, limit in ipairs(state.limits) do
      answer[#answer + 1] = limit.used
      answer[#answer + 1] = limit.kind == 's' and window_reset(limit) or 0
    end
  end
  return answer
end
