-- upkeep.lua: what few calls do with a partition. See arguments.lua for the operations.
--
-- reply      numbers, as in operations.lua:
--              renewed    4, lease from now (us; 0: lost) of each permit, then the answer to each ticket: granted, queued or refused
--              inspected  5 holders count { permit age(us) lease-left(us) slots } count { ticket priority waited(us) amounts }
-- invariant  a renewal takes back nothing that was taken away: what is over stays so.

local RENEWED, INSPECTED = 4, 5

local function is_over_held(holder)
  return holder[HOLD_END] > 0 and now >= holder[HOLD_END]
end

local function keep_tombstone(permit)
  local longest = sender_lease
  local tombstone = { 0, 0, 0, 0 }
  for i = 1, size do
    local at = (i - 1) * WIDTH
    longest = limits[at + KIND] == SLOTS and math.max(longest, limits[at + SPAN]) or longest
    tombstone[HOLDER_SLOTS + i] = 0
  end
  tombstone[LEASE_END] = now + longest
  keep_holder(permit, tombstone)
end

-- Indexes the ends of holders, since there are many.
local function index_holders()
  local all, ends = redis.call('HGETALL', HOLDERS), {}
  for i = 1, #all, 2 do
    local _, _, lease_end = struct.unpack('<ddd', all[i + 1])
    ends[i], ends[i + 1] = lease_end, all[i]
  end
  redis.call('ZADD', ENDS, unpack(ends))
  waiting().make_tables(HOLDERS, ENDS)
  form = INDEXED
end

-- Looks for holders whose lease or maximum hold is over where there is no index, and for when the next one ends.
local function find_over()
  local all, over = redis.call('HGETALL', HOLDERS), {}
  earliest_end = FOREVER
  for i = 1, #all, 2 do
    local holder = { struct.unpack(holder_format, all[i + 1]) }
    held[all[i]] = holder
    if holder[LEASE_END] <= now then
      over[#over + 1] = all[i]
    else
      earliest_end = math.min(earliest_end, holder[LEASE_END])
    end
  end
  return over
end

-- Takes back the slots of the first holders whose lease or maximum hold is over; returns of how many.
local function sweep()
  save_holders()
  local over
  if form == INDEXED then
    over = redis.call('ZRANGEBYSCORE', ENDS, '-inf', now, 'LIMIT', 0, MOST_STEPS)
    more = more or #over == MOST_STEPS
    if #over > 0 then
      read_holders(over)
    end
  else
    over = find_over()
  end
  local reclaimed = 0
  for _, permit in ipairs(over) do
    local holder = held[permit]
    forget_holder(permit)
    if holder[FENCE] > 0 then
      reclaimed = reclaimed + 1
      count_slots(holder, -1)
      if is_over_held(holder) then
        keep_tombstone(permit)
      end
    end
  end
  save_holders()
  if form == INDEXED then
    earliest_end = tonumber(redis.call('ZRANGE', ENDS, 0, 0, 'WITHSCORES')[2] or FOREVER)
  end
  changed = true
  return reclaimed
end

-- Corrects what was charged of a rate, if the partition still knows it.
local function update()
  local place, difference, charged_at = next_number(), next_number(), next_number()
  local i = sender_text == text and place or find_limit(text, parse_limits(sender_text)[place])
  local at = i and (i - 1) * WIDTH
  if not i or limits[at + KIND] == SLOTS then
    return
  elseif difference > 0 then
    rates().of(limits[at + KIND]).charge(at, difference)
  elseif difference < 0 then
    rates().of(limits[at + KIND]).refund(at, -difference, charged_at)
  end
end

local function cancel()
  local ticket, granted_at, amounts = next_id(), next_number(), read_amounts()
  local holder = find_holder(ticket)
  if holder and holder[FENCE] == 0 then
    return answer(DONE)
  end
  local taken_at = granted_at
  if holder then
    taken_at = holder[GRANTED_AT]
    count_slots(holder, -1)
  elseif queued > 0 and waiting().dequeue(ticket) then
    taken_at = 0
  end
  for i = 1, size do
    local at = (i - 1) * WIDTH
    if limits[at + KIND] ~= SLOTS and amounts[i] > 0 and taken_at > 0 then
      rates().of(limits[at + KIND]).refund(at, amounts[i], taken_at)
    end
  end
  keep_tombstone(ticket)
  answer(DONE)
end

-- An operator takes the slots of a permit away: its holder learns of it with its next renewal.
local function evict()
  next_number()
  local permit = next_id()
  local holder = find_holder(permit)
  if holder and holder[FENCE] > 0 then
    count_slots(holder, -1)
  end
  keep_tombstone(permit)
  answer(DONE)
end

-- An operator forgives what is used of all rates, debts included.
local function forgive()
  next_number()
  for i = 1, size do
    local at = (i - 1) * WIDTH
    local kind = limits[at + KIND]
    if kind ~= SLOTS then
      for field = USED, WIDTH do
        limits[at + field] = 0
      end
      logs[at] = ''
      limits[at + DEBT] = kind == BUCKET and limits[at + RATE] or 0
      changed = true
    end
  end
  answer(DONE)
end

-- Answers for a ticket that was granted: its lease is whole again, unless it is over for good.
local function answer_renewed(ticket, holder)
  if holder[FENCE] == 0 or is_over_held(holder) then
    return waiting().answer_refused(0, {})
  end
  renew_lease(holder)
  keep_holder(ticket, holder)
  waiting().answer_granted(holder)
end

local function withdraw()
  local ticket, amounts = next_id(), read_amounts()
  local holder = find_holder(ticket)
  if holder then
    return answer_renewed(ticket, holder)
  end
  if queued > 0 then
    waiting().dequeue(ticket)
  end
  waiting().answer_refused(waiting().blocked(amounts))
end

-- The state was lost: a live holder's slots are taken again, above the limit if need be.
local function put_back(permit, fence, granted_at, hold_left, amounts)
  local holder = { fence, granted_at, 0, hold_left > 0 and now + hold_left or 0 }
  for i = 1, size do
    holder[HOLDER_SLOTS + i] = limits[(i - 1) * WIDTH + KIND] == SLOTS and amounts[i] or 0
  end
  if queued > 0 then
    waiting().dequeue(permit) -- a replica that has not heard of the grant
  end
  renew_lease(holder)
  number = math.max(number, fence)
  count_slots(holder, 1)
  keep_holder(permit, holder)
  return holder[LEASE_END] - now
end

local function renew_permit()
  local permit, fence, granted_at, lease_left, hold_left, amounts =
    next_id(), next_number(), next_number(), next_number(), next_number(), read_amounts()
  local holder = find_holder(permit)
  if not holder then
    return lease_left > 0 and put_back(permit, fence, granted_at, hold_left, amounts) or 0
  end
  if holder[FENCE] == 0 or is_over_held(holder) then
    return 0
  end
  renew_lease(holder)
  keep_holder(permit, holder)
  return holder[LEASE_END] - now
end

local function renew_ticket()
  local ticket, sequence, priority, wait_left, amounts = next_id(), next_number(), next_number(), next_number(), read_amounts()
  waiting().keep_live(ticket)
  local holder = find_holder(ticket)
  if holder then
    return answer_renewed(ticket, holder)
  end
  local known = waiting().find_sequence(ticket)
  if known then
    return waiting().answer_queued(known, {})
  end
  local above = waiting().above_capacity(amounts)
  if above or wait_left <= 0 then
    return waiting().answer_refused(0, { above })
  end
  number = math.max(number, sequence)
  waiting().enqueue(ticket, sequence, sequence - priority * PRIORITY_STEP, now + wait_left, amounts)
  waiting().answer_queued(sequence, {})
end

local function renew()
  local permits, tickets = next_number(), next_number()
  told_score, told_time = 0, 0 -- the message may have been lost, or whoever comes now may have come early
  answer(RENEWED)
  for _ = 1, permits do
    answer(renew_permit())
  end
  for _ = 1, tickets do
    renew_ticket()
  end
end

local function show_holders(most)
  local all = holder_count > 0 and redis.call('HGETALL', HOLDERS) or {}
  local holders = {}
  for i = 1, #all, 2 do
    local holder = { struct.unpack(holder_format, all[i + 1]) }
    holder.permit = all[i]
    holders[#holders + 1] = holder[FENCE] > 0 and holder or nil
  end
  table.sort(holders, function(one, other)
    return one[FENCE] < other[FENCE] or one[FENCE] == other[FENCE] and one.permit < other.permit
  end)
  answer(#holders)
  answer(math.min(#holders, most))
  for i = 1, math.min(#holders, most) do
    local holder = holders[i]
    answer_text(holder.permit)
    answer(math.max(0, now - holder[GRANTED_AT]))
    answer(holder[LEASE_END] - now)
    for j = 1, size do
      answer(holder[HOLDER_SLOTS + j])
    end
  end
end

local function show_queue(most)
  local first = queued > 0 and most > 0 and redis.call('ZRANGE', QUEUE, 0, most - 1) or {}
  answer(#first)
  for _, ticket in ipairs(first) do
    local sequence, _, score, amounts = waiting().read_ticket(redis.call('HGET', TICKETS, ticket))
    answer_text(ticket)
    answer((sequence - score) / PRIORITY_STEP)
    answer(math.max(0, now - sequence))
    for j = 1, size do
      answer(amounts[j])
    end
  end
end

local function inspect()
  local most = next_number()
  save_holders()
  answer(INSPECTED)
  show_holders(most)
  show_queue(most)
end

local function run(operation)
  local operations = {
    [CANCEL] = cancel,
    [UPDATE] = update,
    [EVICT] = evict,
    [FORGIVE] = forgive,
    [WITHDRAW] = withdraw,
    [RENEW] = renew,
    [INSPECT] = inspect,
  }
  operations[operation]()
end
