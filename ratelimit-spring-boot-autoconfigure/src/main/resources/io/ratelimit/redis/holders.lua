-- holders.lua: who holds slots, and whose were taken back lately.
--
-- HOLDERS    permit -> packed doubles: fence, granted at (us), lease end (us), hold end (us; 0: none), then its slots of each
--            limit (0 for rates). A fence of 0 is a tombstone: the permit is over, and its lease end says when that is forgotten.
--            One without slots is a grant of rates from the queue that its instance has not confirmed yet.
-- ENDS       permit -> lease end: an index that is kept from the moment when there are many until there are none: to look through
--            few is faster than to keep it
-- form       LISTED: to Redis a small hash is a list, which it looks through for each permit. TABLED: from the moment when there are some
--            it is a table, as in queue.lua, until there are none. INDEXED: so it is, and there is an index
-- invariant  USED of a concurrency limit is the sum over its holders. The lease end is never after the hold end. Each record is
--            read once and written once in a call, all of them together.

local SOME_HOLDERS, FEW_HOLDERS = 8, 128
local FENCE, GRANTED_AT, LEASE_END, HOLD_END, HOLDER_SLOTS = 1, 2, 3, 4, 4

local holder_format = '<dddd' .. string.rep('d', size)
local held = {} -- permit -> holder; false: none
local touched = {}
local is_touched = false

local function read_holders(permits)
  for i, packed in ipairs(redis.call('HMGET', HOLDERS, unpack(permits))) do
    if held[permits[i]] == nil then
      held[permits[i]] = packed and { struct.unpack(holder_format, packed) }
    end
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
  held[permit], touched[permit], is_touched, changed = false, true, true, true
end

local function save_holders()
  if not is_touched then
    return
  end
  local kept, ends, gone = {}, {}, {}
  for permit in pairs(touched) do
    local holder = held[permit]
    if holder then
      local n = #kept
      kept[n + 1], kept[n + 2] = permit, struct.pack(holder_format, unpack(holder, 1, HOLDER_SLOTS + size))
      ends[n + 1], ends[n + 2] = holder[LEASE_END], permit
    else
      gone[#gone + 1] = permit
    end
  end
  if #kept > 0 then
    holder_count = holder_count + redis.call('HSET', HOLDERS, unpack(kept))
    if form == INDEXED then
      redis.call('ZADD', ENDS, unpack(ends))
    elseif holder_count > FEW_HOLDERS then
      upkeep().index_holders()
    elseif form == LISTED and holder_count >= SOME_HOLDERS then
      local long = string.rep(' ', LONG)
      redis.call('HSET', HOLDERS, long, '')
      redis.call('HDEL', HOLDERS, long)
      form = TABLED
    end
  end
  if #gone > 0 then
    holder_count = holder_count - redis.call('HDEL', HOLDERS, unpack(gone))
    if form == INDEXED then
      redis.call('ZREM', ENDS, unpack(gone))
    end
    if holder_count == 0 then
      form, had_holders, had_ends = LISTED, false, false
    end
  end
  touched, is_touched = {}, false
end

-- Adds the slots of a holder to what is used, or takes them away; returns whether there are any.
local function count_slots(holder, sign)
  local any = false
  for i = 1, size do
    local slots = holder[HOLDER_SLOTS + i]
    if slots > 0 then
      local used = (i - 1) * WIDTH + USED
      limits[used] = limits[used] + sign * slots
      any = true
    end
  end
  return any
end

local function renew_lease(holder)
  local lease
  for i = 1, size do
    if holder[HOLDER_SLOTS + i] > 0 then
      lease = math.min(lease or FOREVER, limits[(i - 1) * WIDTH + SPAN])
    end
  end
  local lease_end = now + (lease or sender_lease)
  holder[LEASE_END] = holder[HOLD_END] > 0 and math.min(holder[HOLD_END], lease_end) or lease_end
end

-- Returns how long slots are kept, and what is left of their maximum hold; 0: none are held, there is no maximum.
local function times_left(holder)
  local lease = count_slots(holder, 0) and math.max(0, holder[LEASE_END] - now) or 0
  return lease, holder[HOLD_END] > 0 and math.max(1, holder[HOLD_END] - now) or 0
end
