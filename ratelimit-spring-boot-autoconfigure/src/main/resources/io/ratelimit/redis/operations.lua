-- operations.lua: what most calls do with a partition. See arguments.lua for the operations.
--
-- reply      numbers, one answer behind the other:
--              done       0
--              granted    1 fence granted-at(us) lease(us; 0: no slots) hold-left(us; 0: no maximum)
--              refused    2 wait(us) count, the limits that refused as places in the list of limits, the longest wait first
--              queued     3 sequence count limits(as above)
--              error      6 text
-- invariant  a refusal changes nothing but time.

local DONE, GRANTED, REFUSED, QUEUED, ERROR = 0, 1, 2, 3, 6

-- The files behind this one, each a set of functions that few calls need. They are made when first asked for: a call begins from
-- nothing, and making a function takes longer than most functions run.
local adoption, refusal, queue, upkeep

local function lazily(make)
  local made
  return function()
    made = made or make()
    return made
  end
end

local reply = {}

local function answer(...)
  local n = #reply
  for i = 1, select('#', ...) do
    reply[n + i] = select(i, ...)
  end
end

local function answer_granted(holder)
  answer(GRANTED, holder[FENCE], holder[GRANTED_AT], times_left(holder))
end

-- Reads amounts that stand in the order of the sender's limits as amounts of the limits that the partition goes by.
local function read_amounts()
  local amounts = next_amounts()
  return sender.text == text and amounts or adoption().translate(amounts, sender.text, text)
end

-- Granted at once if nobody is ahead and there is room for all amounts; everything else is queue.lua's.
local function acquire()
  local ticket, max_wait, priority, max_queue, amounts = next_id(), next_number(), next_number(), next_number(), read_amounts()
  if queued == 0 and not find_holder(ticket) and fits(amounts) then
    answer_granted(take(ticket, amounts, false))
  else
    queue().acquire(ticket, max_wait, priority, max_queue, amounts)
  end
end

local function release()
  local permit = next_id()
  local holder = find_holder(permit)
  if holder and holder[FENCE] > 0 then
    forget_holder(permit)
    if count_slots(holder, -1) then
      local held_for = math.max(0, now - holder[GRANTED_AT])
      mean_hold = mean_hold == 0 and held_for or math.floor((mean_hold * 7 + held_for) / 8)
    end
  elseif not holder and queued > 0 then
    queue().dequeue(permit) -- granted, forgotten, queued again, and only now confirmed
  end
  answer(DONE)
end
