-- upkeep.lua: what few calls do with a partition. See arguments.lua for the operations.
--
-- reply      numbers, as in operations.lua:
--              renewed    4, lease from now (us; 0: lost) of each permit, then the answer to each ticket: granted, queued or refused
--              inspected  5 holders count { permit age(us) lease-left(us) slots } count { ticket priority waited(us) amounts }
-- invariant  a renewal takes back nothing that was taken away: what is over stays so.

local function upkeep()
  local RENEWED, INSPECTED = 4, 5

  local function cancel()
    local ticket, granted_at, amounts = next_id(), next_number(), read_amounts()
    local holder = find_holder(ticket)
    if holder and is_gone(holder) then
      return answer(DONE)
    end
    local taken_at = granted_at
    if holder then
      taken_at = holder[GRANTED_AT]
      count_slots(holder, -1)
    elseif queued > 0 and dequeue(ticket) then
      taken_at = 0
    end
    for i = 1, size do
      if limits[place(i) + KIND] == WINDOW and taken_at > 0 then
        window_refund(place(i), amounts[i], taken_at)
      end
    end
    keep_tombstone(ticket)
    answer(DONE)
  end

  local function withdraw()
    local ticket, amounts = next_id(), read_amounts()
    local holder = find_holder(ticket)
    if holder then
      return answer_known(holder)
    end
    if queued > 0 then
      dequeue(ticket)
    end
    answer_refused(blocked(amounts))
  end

  -- The state was lost: a live holder's slots are taken again, above the limit if need be.
  local function put_back(permit, fence, granted_at, hold_left, amounts)
    local holder = { fence, granted_at, 0, hold_left > 0 and now + hold_left or 0 }
    for i = 1, size do
      holder[HOLDER_SLOTS + i] = limits[place(i) + KIND] == SLOTS and amounts[i] or 0
    end
    if queued > 0 then
      dequeue(permit) -- a replica that has not heard of the grant
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
    if is_gone(holder) or is_over_held(holder) then
      return 0
    end
    renew_lease(holder)
    keep_holder(permit, holder)
    return holder[LEASE_END] - now
  end

  local function renew_ticket()
    local ticket, sequence, priority, wait_left, amounts = next_id(), next_number(), next_number(), next_number(), read_amounts()
    local holder = find_holder(ticket)
    if holder and (is_gone(holder) or is_over_held(holder)) then
      return answer_refused(0, {})
    end
    if holder then
      renew_lease(holder)
      keep_holder(ticket, holder)
      return answer_granted(holder)
    end
    local known = find_sequence(ticket)
    if known then
      return answer(QUEUED, known, 0)
    end
    local above = above_capacity(amounts)
    if above or wait_left <= 0 then
      return answer_refused(0, { above })
    end
    number = math.max(number, sequence)
    enqueue(ticket, sequence, sequence - priority * PRIORITY_STEP, now + wait_left, amounts)
    answer(QUEUED, sequence, 0)
  end

  local function renew()
    local instance, permits, tickets = next_text(), next_number(), next_number()
    told_score, told_time = 0, 0 -- the message may have been lost, or whoever comes now may have come early
    answer(RENEWED)
    for _ = 1, permits do
      answer(renew_permit())
    end
    if tickets > 0 then
      mark_live(instance)
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
      holders[#holders + 1] = not is_gone(holder) and holder or nil
    end
    table.sort(holders, function(one, other)
      return one[FENCE] < other[FENCE] or one[FENCE] == other[FENCE] and one.permit < other.permit
    end)
    answer(#holders, math.min(#holders, most))
    for i = 1, math.min(#holders, most) do
      local holder = holders[i]
      answer(holder.permit, math.max(0, now - holder[GRANTED_AT]), holder[LEASE_END] - now)
      answer(unpack(holder, HOLDER_SLOTS + 1, HOLDER_SLOTS + size))
    end
  end

  local function show_queue(most)
    local first = queued > 0 and most > 0 and redis.call('ZRANGE', QUEUE, 0, most - 1, 'WITHSCORES') or {}
    answer(#first / 2)
    for i = 1, #first, 2 do
      local sequence, _, amounts = read_ticket(redis.call('HGET', TICKETS, first[i]))
      answer(first[i], (sequence - tonumber(first[i + 1])) / PRIORITY_STEP, math.max(0, now - sequence))
      answer(unpack(amounts))
    end
  end

  local function inspect()
    local most = next_number()
    save_holders()
    answer(INSPECTED)
    show_holders(most)
    show_queue(most)
  end

  return { cancel = cancel, withdraw = withdraw, renew = renew, inspect = inspect }
end
