-- holders.lua: who holds slots, and whose were taken back lately.
--
-- HOLDERS    permit -> packed doubles: fence, granted at (us), lease end (us), hold end (us; 0: none), then its slots of each
--            limit (0 for rates). A fence of 0 is a tombstone: the permit is over, and its lease end says when that is forgotten.
--            One without slots is a grant of rates from the queue that its instance has not confirmed yet.
-- ENDS       permit -> lease end
-- invariant  USED of a concurrency limit is the sum over its holders. The lease end is never after the hold end. Each record is
--            read once and written once in a call, all of them together.

local FENCE, GRANTED_AT, LEASE_END, HOLD_END, HOLDER_SLOTS = 1, 2, 3, 4, 4
local MOST_STEPS = 64

local holder_format
local held = {} -- permit -> holder; false: none
local touched = {}
local is_touched = false

local function format_holders()
  holder_format = '<dddd' .. string.rep('d', size)
end

local function read_holders(permits)
  for i, packed in ipairs(redis.call('HMGET', HOLDERS, unpack(permits))) do
    if held[permits[i]] == nil then
      held[permits[i]] = packed and { struct.unpack(holder_format, packed) }
    end
  end
end

-- Reads the holders of all ids of this call at once.
local function read_named_holders()
  if holder_count > 0 and ids > 1 then
    read_holders({ unpack(ARGV, 7, 6 + ids) })
  end
end

local function find_holder(permit)
  if held[permit] == nil then
    if holder_count == 0 then
      return nil
    end
    read_holders({ permit })
  end
  return held[permit] or nil
end

local function keep_holder(permit, holder)
  held[permit], touched[permit], is_touched = holder, true, true
  earliest_end = math.min(earliest_end, holder[LEASE_END])
  stay_until(holder[LEASE_END])
end

local function forget_holder(permit)
  held[permit], touched[permit], is_touched = false, true, true
  changed = true
end

local function save_holders()
  if not is_touched then
    return
  end
  local kept, ends, gone = {}, {}, {}
  for permit in pairs(touched) do
    local holder = held[permit]
    if holder then
      kept[#kept + 1], ends[#ends + 1] = permit, holder[LEASE_END]
      kept[#kept + 1], ends[#ends + 1] = struct.pack(holder_format, unpack(holder, 1, HOLDER_SLOTS + size)), permit
    else
      gone[#gone + 1] = permit
    end
  end
  if #kept > 0 then
    holder_count = holder_count + redis.call('HSET', HOLDERS, unpack(kept))
    redis.call('ZADD', ENDS, unpack(ends))
  end
  if #gone > 0 then
    holder_count = holder_count - redis.call('HDEL', HOLDERS, unpack(gone))
    redis.call('ZREM', ENDS, unpack(gone))
  end
  touched, is_touched = {}, false
end

local function keep_tombstone(permit)
  local longest = sender.lease
  local tombstone = { 0, 0, 0, 0 }
  for i = 1, size do
    if limits[place(i) + KIND] == SLOTS then
      longest = math.max(longest, limits[place(i) + SPAN])
    end
    tombstone[HOLDER_SLOTS + i] = 0
  end
  tombstone[LEASE_END] = now + longest
  keep_holder(permit, tombstone)
end

local function is_gone(holder)
  return holder[FENCE] == 0
end

local function is_over_held(holder)
  return holder[HOLD_END] > 0 and now >= holder[HOLD_END]
end

-- Adds the slots of a holder to what is used, or takes them away; returns whether there are any.
local function count_slots(holder, sign)
  local any = false
  for i = 1, size do
    local slots = holder[HOLDER_SLOTS + i]
    if slots > 0 then
      limits[place(i) + USED] = limits[place(i) + USED] + sign * slots
      any = true
    end
  end
  return any
end

local function has_slots(holder)
  return count_slots(holder, 0)
end

local function renew_lease(holder)
  local lease
  for i = 1, size do
    if holder[HOLDER_SLOTS + i] > 0 then
      lease = math.min(lease or FOREVER, limits[place(i) + SPAN])
    end
  end
  local lease_end = now + (lease or sender.lease)
  holder[LEASE_END] = holder[HOLD_END] > 0 and math.min(holder[HOLD_END], lease_end) or lease_end
end

-- Takes back the slots of the first holders whose lease or maximum hold is over; returns of how many.
local function sweep()
  if now < earliest_end then
    return 0
  end
  save_holders()
  local over = redis.call('ZRANGEBYSCORE', ENDS, '-inf', now, 'LIMIT', 0, MOST_STEPS)
  more = more or #over == MOST_STEPS
  if #over > 0 then
    read_holders(over)
  end
  local reclaimed = 0
  for _, permit in ipairs(over) do
    local holder = held[permit]
    forget_holder(permit)
    if not is_gone(holder) then
      reclaimed = reclaimed + 1
      count_slots(holder, -1)
      if is_over_held(holder) then
        keep_tombstone(permit)
      end
    end
  end
  save_holders()
  local first = redis.call('ZRANGE', ENDS, 0, 0, 'WITHSCORES')
  earliest_end, changed = tonumber(first[2] or FOREVER), true
  return reclaimed
end
