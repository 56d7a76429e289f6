-- queue.lua: who waits, in which order, and whose turn it is.
--
-- QUEUE      ticket -> score: its sequence less a second (in us) for each level of priority; the lowest is the head
-- TICKETS    ticket -> packed doubles: sequence, deadline (us), amounts
-- LIVE       instance -> end of its sign of life (us). The instance of a ticket is what stands before its colon
-- invariant  grants go in the order of the queue: nobody passes the head while its amounts are not there, however small. A dead
--            ticket (deadline passed, instance gone, above a lowered limit) is dropped when it is the head.

local PRIORITY_STEP = 1000000
local SEQUENCE, DEADLINE, TICKET_AMOUNTS = 1, 2, 2

local ticket_format
local head -- { ticket, score, sequence, deadline, amounts }, once loaded
local notices = {} -- { ticket, granted holder or nil, time of its turn (us) }

local function format_tickets()
  ticket_format = '<dd' .. string.rep('d', size)
end

local function instance_of(ticket)
  return string.match(ticket, '^[^:]*')
end

local function read_ticket(packed)
  local record = { struct.unpack(ticket_format, packed) }
  return record[SEQUENCE], record[DEADLINE], { unpack(record, TICKET_AMOUNTS + 1, TICKET_AMOUNTS + size) }
end

local function find_sequence(ticket)
  local packed = queued > 0 and redis.call('HGET', TICKETS, ticket)
  return packed and read_ticket(packed) or nil
end

local function write_ticket(ticket, sequence, deadline, amounts)
  redis.call('HSET', TICKETS, ticket, struct.pack(ticket_format, sequence, deadline, unpack(amounts, 1, size)))
end

local function enqueue(ticket, sequence, score, deadline, amounts)
  write_ticket(ticket, sequence, deadline, amounts)
  redis.call('ZADD', QUEUE, score, ticket)
  queued, head, changed = queued + 1, nil, true
end

local function dequeue(ticket)
  local removed = redis.call('ZREM', QUEUE, ticket)
  if removed == 1 then
    redis.call('HDEL', TICKETS, ticket)
    queued, head, changed = queued - 1, nil, true
  end
  return removed == 1
end

local function mark_live(instance)
  redis.call('HSET', LIVE, instance, now + sender.lease)
  earliest_live = math.min(earliest_live, now + sender.lease)
  stay_until(now + sender.lease)
end

-- Forgets the instances that have given no sign of life.
local function sweep_live()
  if now < earliest_live then
    return
  end
  earliest_live, changed = FOREVER, true
  local all = redis.call('HGETALL', LIVE)
  for i = 1, #all, 2 do
    local live_until = tonumber(all[i + 1])
    if live_until <= now then
      redis.call('HDEL', LIVE, all[i])
    else
      earliest_live = math.min(earliest_live, live_until)
    end
  end
end

local function is_dead(ticket, deadline, amounts)
  if deadline <= now then
    return true
  end
  for i = 1, size do
    if amounts[i] > limits[place(i) + LIMIT] then
      return true
    end
  end
  local live_until = redis.call('HGET', LIVE, instance_of(ticket))
  return not live_until or tonumber(live_until) <= now
end

local function find_head()
  if not head and queued > 0 then
    local first = redis.call('ZRANGE', QUEUE, 0, 0, 'WITHSCORES')
    local sequence, deadline, amounts = read_ticket(redis.call('HGET', TICKETS, first[1]))
    head = { ticket = first[1], score = tonumber(first[2]), sequence = sequence, deadline = deadline, amounts = amounts }
  end
  return head
end

-- Returns whether a ticket would be the head.
local function is_first(ticket, score)
  local first = find_head()
  return not first or score < first.score or score == first.score and ticket < first.ticket
end

-- Grants the heads whose amounts are there, and drops dead ones.
local function drain()
  local steps = 0
  while queued > 0 do
    if steps == MOST_STEPS then
      more = true
      return
    end
    local first = find_head()
    local dead = is_dead(first.ticket, first.deadline, first.amounts)
    if not dead and not fits(first.amounts) then
      return
    end
    steps = steps + 1
    dequeue(first.ticket)
    if not dead then
      notices[#notices + 1] = { ticket = first.ticket, holder = take(first.ticket, first.amounts, true) }
    end
  end
end

-- Drops the dead ones of the next tickets that no search has looked at yet, wherever they stand.
local function drop_dead_tickets()
  local from = sweep_from < queued and sweep_from or 0
  local tickets = redis.call('ZRANGE', QUEUE, from, from + MOST_STEPS - 1)
  local dropped = 0
  for i, packed in ipairs(#tickets > 0 and redis.call('HMGET', TICKETS, unpack(tickets)) or {}) do
    local _, deadline, amounts = read_ticket(packed)
    if is_dead(tickets[i], deadline, amounts) then
      dequeue(tickets[i])
      dropped = dropped + 1
    end
  end
  sweep_from, changed = from + #tickets - dropped, true
end

-- Tells the head when to come where rates alone are in its way: nothing else will wake it.
local function tell_head()
  if queued == 0 or more then
    return
  end
  local first = find_head()
  local wait, violated = blocked(first.amounts)
  for _, i in ipairs(violated) do
    if limits[place(i) + KIND] == SLOTS then
      return
    end
  end
  local open = now + wait
  if wait > 0 and (told_score ~= first.score or open < told_time) then
    told_score, told_time, changed = first.score, open, true
    notices[#notices + 1] = { ticket = first.ticket, wait = wait }
  end
end
