-- operations.lua: what most calls do with a partition. See arguments.lua for the operations.
--
-- reply      numbers, one answer behind the other:
--              done       0
--              granted    1 fence granted-at(us) lease(us; 0: no slots) hold-left(us; 0: no maximum)
--              refused    2 wait(us) count, the limits that refused as places in the list of limits, the longest wait first
--              queued     3 sequence count limits(as above)
--              error      6 text

local DONE, GRANTED, REFUSED, QUEUED, ERROR = 0, 1, 2, 3, 6

local reply = {}

local function answer(...)
  for i = 1, select('#', ...) do
    reply[#reply + 1] = select(i, ...)
  end
end

local function answer_granted(holder)
  answer(GRANTED, holder[FENCE], holder[GRANTED_AT], times_left(holder))
end

local function answer_refused(wait, violated)
  answer(REFUSED, wait, #violated, unpack(violated))
end

-- Answers for a ticket that has been granted before, and may be over.
local function answer_known(holder)
  if is_gone(holder) then
    return answer_refused(0, {})
  end
  answer_granted(holder)
end

local function answer_queued(sequence, violated)
  answer(QUEUED, sequence, #violated, unpack(violated))
end

-- Reads amounts that stand in the order of the sender's limits as amounts of the limits that the partition goes by.
local function read_amounts()
  local amounts = next_amounts()
  return sender.text == text and amounts or translate(amounts, sender.text, text)
end

local function above_capacity(amounts)
  for i = 1, size do
    if amounts[i] > limits[place(i) + LIMIT] then
      return i
    end
  end
  return nil
end

-- The best guess of how long those take who wait already.
local function wait_behind()
  local used = 0
  for i = 1, size do
    if limits[place(i) + KIND] == SLOTS then
      used = used + limits[place(i) + USED]
    end
  end
  return math.floor(mean_hold * queued / math.max(1, used))
end

local function first_asked(amounts)
  for i = 1, size do
    if amounts[i] > 0 then
      return i
    end
  end
  return 1
end

-- Returns what is in the way of amounts that are not granted: their own limits, else those of the head.
local function obstacles(amounts)
  local wait, violated = blocked(amounts)
  if #violated == 0 and queued > 0 then
    wait, violated = blocked(find_head().amounts)
  end
  return #violated > 0 and violated or { first_asked(amounts) }, wait
end

local function refuse_or_enqueue(ticket, amounts, max_wait, priority, max_queue, score)
  local violated, wait = obstacles(amounts)
  local may_wait = max_wait > 0
  for _, i in ipairs(queued == 0 and violated or {}) do
    may_wait = may_wait and (limits[place(i) + KIND] == SLOTS or window_wait(place(i), amounts[i]) <= max_wait)
  end
  if may_wait and queued >= max_queue then
    drop_dead_tickets()
  end
  if not may_wait or queued >= max_queue then
    return answer_refused(wait + (queued > 0 and wait_behind() or 0), violated)
  end
  mark_live(instance_of(ticket))
  number = score + priority * PRIORITY_STEP
  enqueue(ticket, number, score, now + max_wait, amounts)
  answer_queued(number, violated)
end

local function acquire()
  local ticket, max_wait, priority, max_queue, amounts = next_id(), next_number(), next_number(), next_number(), read_amounts()
  local holder = find_holder(ticket)
  if holder then
    return answer_known(holder)
  end
  local known = find_sequence(ticket)
  if known then
    mark_live(instance_of(ticket))
    return answer_queued(known, obstacles(amounts))
  end
  local above = above_capacity(amounts)
  if above then
    return answer(ERROR, string.format("The amount %.0f is above the capacity %.0f of the limit '%s'",
      amounts[above], limits[place(above) + LIMIT], limit_name(above)))
  end
  local score = math.max(number + 1, now) - priority * PRIORITY_STEP
  if is_first(ticket, score) and fits(amounts) then
    return answer_granted(take(ticket, amounts, false))
  end
  refuse_or_enqueue(ticket, amounts, max_wait, priority, max_queue, score)
end

local function release()
  local permit = next_id()
  local holder = find_holder(permit)
  if holder and not is_gone(holder) then
    forget_holder(permit)
    if count_slots(holder, -1) then
      local held_for = math.max(0, now - holder[GRANTED_AT])
      mean_hold = mean_hold == 0 and held_for or math.floor((mean_hold * 7 + held_for) / 8)
    end
  elseif not holder and queued > 0 then
    dequeue(permit) -- granted, forgotten, queued again, and only now confirmed
  end
  answer(DONE)
end
