-- holders.lua: who holds slots, and whose were taken back lately.
--
-- HOLDERS    permit -> packed: fence, granted at (us), lease end (us), hold end (us; 0: none), then name and amount of each
--            concurrency limit. A fence of 0 is a tombstone: the permit is over, and its lease end says when that is forgotten.
-- invariant  used of a concurrency limit is the sum over its holders. The lease end is never after the hold end. Every holder is
--            looked at only when the earliest end that may be there has come.

local DEFAULT_LEASE = 10000000

local function decode_holder(raw)
  local record = { cmsgpack.unpack(raw) }
  local holder = { fence = record[1], granted_at = record[2], lease_end = record[3], hold_end = record[4], slots = {} }
  for i = 5, #record, 2 do
    holder.slots[record[i]] = record[i + 1]
  end
  holder.gone = holder.fence == 0
  return holder
end

local function find_holder(permit)
  local raw = state.holders > 0 and redis.call('HGET', HOLDERS, permit)
  return raw and decode_holder(raw) or nil
end

local function keep_holder(permit, holder)
  local record = { holder.fence, holder.granted_at, holder.lease_end, holder.hold_end }
  for name, amount in pairs(holder.slots) do
    record[#record + 1] = name
    record[#record + 1] = amount
  end
  state.holders = state.holders + redis.call('HSET', HOLDERS, permit, cmsgpack.pack(unpack(record)))
  state.earliest_end = math.min(state.earliest_end, holder.lease_end)
  stay_until(holder.lease_end)
end

local function keep_tombstone(permit)
  local lease = DEFAULT_LEASE
  for _, limit in ipairs(state.limits) do
    if limit.kind == 'c' then
      lease = math.max(lease, limit.span)
    end
  end
  keep_holder(permit, { fence = 0, granted_at = 0, lease_end = now + lease, hold_end = 0, slots = {} })
end

local function count_slots(slots, sign)
  for _, limit in ipairs(state.limits) do
    if limit.kind == 'c' then
      limit.used = limit.used + sign * (slots[limit.name] or 0)
    end
  end
end

local function lease_end(slots, hold_end)
  local lease
  for _, limit in ipairs(state.limits) do
    if limit.kind == 'c' and slots[limit.name] then
      lease = math.min(lease or limit.span, limit.span)
    end
  end
  local by_lease = now + (lease or DEFAULT_LEASE)
  return hold_end > 0 and math.min(hold_end, by_lease) or by_lease
end

local function each_holder(visit)
  local all = state.holders > 0 and redis.call('HGETALL', HOLDERS) or {}
  for i = 1, #all, 2 do
    visit(all[i], decode_holder(all[i + 1]))
  end
end

-- Takes back the slots of holders whose lease or maximum hold is over; returns of how many.
local function sweep()
  if now < state.earliest_end then
    return 0
  end
  local over = {}
  local count = 0
  state.earliest_end = FOREVER
  each_holder(function(permit, holder)
    if now >= holder.lease_end then
      over[permit] = holder
    else
      state.earliest_end = math.min(state.earliest_end, holder.lease_end)
    end
  end)
  for permit, holder in pairs(over) do
    changed = true
    state.holders = state.holders - redis.call('HDEL', HOLDERS, permit)
    if not holder.gone then
      count = count + 1
      count_slots(holder.slots, -1)
      if holder.hold_end > 0 and now >= holder.hold_end then
        keep_tombstone(permit)
      end
    end
  end
  return count
end
