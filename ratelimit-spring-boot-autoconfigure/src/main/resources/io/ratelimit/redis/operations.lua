-- operations.lua: what most calls do with a partition. See arguments.lua for the operations.
--
-- reply      numbers, one answer behind the other; texts among them stand in a list of their own:
--              released   nothing, as does what was updated
--              acquired   lease(us; 0: no slots) hold(us; 0: no maximum) of what is granted now; then for each acquisition its fence if
--                         it is granted now, else one of the answers below; what is taken is answered alike
--              granted    1 fence granted-at(us) lease(us; 0: no slots) hold-left(us; 0: no maximum)
--              refused    2 wait(us) count, the limits that refused as places in the list of limits, the longest wait first
--              queued     3 sequence count limits(as above)
--              done       0
--              error      6 text
-- invariant  a refusal changes nothing but time.

local DONE, GRANTED, REFUSED, QUEUED, ERROR = 0, 1, 2, 3, 6

local notices = {} -- for those who wait: { ticket, granted holder or nil, time until its turn (us) }

local numbers = {}
local answered = 0
local texts = {}

local function answer(number)
  answered = answered + 1
  numbers[answered] = number
end

local function answer_text(value)
  texts[#texts + 1] = value
end

-- Reads amounts that stand in the order of the sender's limits as amounts of the limits that the partition goes by.
local function read_amounts()
  local amounts = next_amounts()
  return sender_text == text and amounts or upkeep().translate(amounts, sender_text, text)
end

-- Each is granted at once if nobody is ahead and there is room for all amounts; everything else is queue.lua's.
local function acquire(named)
  local count, amounts = next_number(), read_amounts()
  local times = answered
  answer(0)
  answer(0)
  for _ = 1, count do
    local ticket = named and next_id() or ''
    if queued == 0 and (not named or not find_holder(ticket)) and fits(amounts) then
      numbers[times + 1], numbers[times + 2] = take(ticket, amounts)
      answer(number)
    else
      waiting().acquire_or_wait(ticket, 0, 0, 0, amounts)
    end
  end
end

local function release()
  for _ = 1, next_number() do
    local permit = next_id()
    local holder = find_holder(permit)
    if holder and holder[FENCE] > 0 then
      forget_holder(permit)
      if count_slots(holder, -1) then
        local held_for = math.max(0, now - holder[GRANTED_AT])
        mean_hold = mean_hold == 0 and held_for or math.floor((mean_hold * 7 + held_for) / 8)
      end
    elseif not holder and queued > 0 then
      waiting().dequeue(permit) -- granted, forgotten, queued again, and only now confirmed
    end
  end
end
