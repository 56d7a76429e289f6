-- queue.lua: who waits, in which order, and whose turn it is.
--
-- QUEUE      ticket -> score: its sequence less a second (in us) for each level of priority; the lowest is the head
-- TICKETS    ticket -> packed doubles: sequence, deadline (us), score, amounts
-- LIVE       instance -> end of its sign of life (us), packed. The instance of a ticket is what stands before its colon
-- invariant  grants go in the order of the queue: nobody passes the head while its amounts are not there, however small. A dead
--            ticket (deadline passed, instance gone, above a lowered limit) is dropped when it is the head.

local PRIORITY_STEP = 1000000
local SEQUENCE, DEADLINE, SCORE, TICKET_AMOUNTS = 1, 2, 3, 3
local MOST_STEPS = 64
local LONG_QUEUE = 32

local ticket_format = '<ddd' .. string.rep('d', size)
local head -- { ticket, score, sequence, deadline, amounts }, once loaded

local function instance_of(ticket)
  return string.match(ticket, '^[^:]*')
end

local function read_ticket(packed)
  local record = { struct.unpack(ticket_format, packed) }
  return record[SEQUENCE], record[DEADLINE], record[SCORE], { unpack(record, TICKET_AMOUNTS + 1, TICKET_AMOUNTS + size) }
end

local function find_sequence(ticket)
  local packed = queued > 0 and redis.call('HGET', TICKETS, ticket)
  return packed and read_ticket(packed) or nil
end

local function write_ticket(ticket, sequence, deadline, score, amounts)
  redis.call('HSET', TICKETS, ticket, struct.pack(ticket_format, sequence, deadline, score, unpack(amounts, 1, size)))
end

-- To Redis a small hash or sorted set is a list, which is looked through for each element, until it first holds something long: from then on
-- it is a table.
local function make_tables(hash, sorted_set)
  local long = string.rep(' ', LONG)
  redis.call('HSET', hash, long, '')
  redis.call('HDEL', hash, long)
  redis.call('ZADD', sorted_set, 0, long)
  redis.call('ZREM', sorted_set, long)
end

local function enqueue(ticket, sequence, score, deadline, amounts)
  write_ticket(ticket, sequence, deadline, score, amounts)
  redis.call('ZADD', QUEUE, score, ticket)
  queued, head, changed = queued + 1, nil, true
  if queued == LONG_QUEUE then
    make_tables(TICKETS, QUEUE)
  end
end

local function dequeue(ticket)
  local removed = redis.call('ZREM', QUEUE, ticket) == 1
  if removed then
    redis.call('HDEL', TICKETS, ticket)
    queued, head, changed = queued - 1, nil, true
    if queued == 0 then
      had_queue, told_score, told_time, sweep_from = false, 0, 0, 0
    end
  end
  return removed
end

-- Goes by other limits from now on.
local function adopt(translate)
  local all = queued > 0 and redis.call('HGETALL', TICKETS) or {}
  local old_size = #ticket_format - 4
  for i = 1, #all, 2 do
    local record = { struct.unpack(ticket_format, all[i + 1]) }
    record.amounts = { unpack(record, TICKET_AMOUNTS + 1, TICKET_AMOUNTS + old_size) }
    all[i + 1] = record
  end
  ticket_format = '<ddd' .. string.rep('d', size)
  for i = 1, #all, 2 do
    local record = all[i + 1]
    write_ticket(all[i], record[SEQUENCE], record[DEADLINE], record[SCORE], translate(record.amounts))
  end
  head, told_score, told_time = nil, 0, 0
end

local ends_of_life = {} -- instance -> end of its sign of life; 0: none

local function mark_live(instance)
  redis.call('HSET', LIVE, instance, struct.pack('<d', now + sender_lease))
  ends_of_life[instance] = now + sender_lease
  earliest_live = math.min(earliest_live, now + sender_lease)
  stay_until(now + sender_lease)
end

-- Marks the instance of a ticket as live, once in a call.
local function keep_live(ticket)
  local instance = instance_of(ticket)
  if ends_of_life[instance] ~= now + sender_lease then
    mark_live(instance)
  end
end

-- Forgets the instances that have given no sign of life.
local function sweep_live()
  earliest_live, changed, ends_of_life = FOREVER, true, {}
  local all = redis.call('HGETALL', LIVE)
  for i = 1, #all, 2 do
    local live_until = struct.unpack('<d', all[i + 1])
    if live_until <= now then
      redis.call('HDEL', LIVE, all[i])
    else
      earliest_live = math.min(earliest_live, live_until)
    end
  end
  had_live = had_live and earliest_live < FOREVER
end

local function live_until(ticket)
  local instance = instance_of(ticket)
  if not ends_of_life[instance] then
    local packed = redis.call('HGET', LIVE, instance)
    ends_of_life[instance] = packed and struct.unpack('<d', packed) or 0
  end
  return ends_of_life[instance]
end

local function is_dead(ticket, deadline, amounts)
  return deadline <= now or above_capacity(amounts) or live_until(ticket) <= now
end

local function find_head()
  if not head and queued > 0 then
    local ticket = redis.call('ZRANGE', QUEUE, 0, 0)[1]
    local sequence, deadline, score, amounts = read_ticket(redis.call('HGET', TICKETS, ticket))
    head = { ticket = ticket, score = score, sequence = sequence, deadline = deadline, amounts = amounts }
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
      take(first.ticket, first.amounts, live_until(first.ticket))
      notices[#notices + 1] = { ticket = first.ticket, holder = held[first.ticket] }
    end
  end
end

-- Drops the dead ones of the next tickets that no search has looked at yet, wherever they stand.
local function drop_dead_tickets()
  local from = sweep_from < queued and sweep_from or 0
  local tickets = redis.call('ZRANGE', QUEUE, from, from + MOST_STEPS - 1)
  local dropped = 0
  for i, packed in ipairs(#tickets > 0 and redis.call('HMGET', TICKETS, unpack(tickets)) or {}) do
    local _, deadline, _, amounts = read_ticket(packed)
    if is_dead(tickets[i], deadline, amounts) then
      dequeue(tickets[i])
      dropped = dropped + 1
    end
  end
  sweep_from, changed = from + #tickets - dropped, true
end

-- Notes how long the head has to stay whatever else happens, but that somebody gives slots back.
local function note_head(first, stuck)
  if head_score ~= first.score or stuck_until ~= stuck then
    head_score, stuck_until, changed = first.score, stuck, true
  end
end

-- Tells the head when to come where rates alone are in its way: nothing else will wake it.
local function tell_head()
  local first = find_head()
  local wait, violated = blocked(first.amounts)
  for _, i in ipairs(more and {} or violated) do
    if limits[(i - 1) * WIDTH + KIND] == SLOTS then
      return note_head(first, first.deadline)
    end
  end
  note_head(first, 0)
  if more then
    return
  end
  local open = now + wait
  if wait > 0 and (told_score ~= first.score or open < told_time) then
    told_score, told_time, changed = first.score, open, true
    notices[#notices + 1] = { ticket = first.ticket, wait = wait }
  end
end

-- Returns what is in the way of amounts that are not granted: their own limits, else those of the head.
local function obstacles(amounts)
  local wait, violated = blocked(amounts)
  if #violated == 0 and queued > 0 then
    wait, violated = blocked(find_head().amounts)
  end
  for i = 1, #violated == 0 and size or 0 do
    violated[1] = violated[1] or amounts[i] > 0 and i or nil
  end
  return #violated > 0 and violated or { 1 }, wait
end

local function answer_queued(sequence, violated)
  answer(QUEUED)
  answer(sequence)
  answer_limits(violated)
end

-- A rate that nobody else waits for opens when it says; everything else may turn out better than it looks.
local function opens_too_late(amounts, violated, max_wait)
  for _, i in ipairs(queued == 0 and violated or {}) do
    local at = (i - 1) * WIDTH
    if limits[at + KIND] ~= SLOTS and rate_wait(at, amounts[i]) > max_wait then
      return true
    end
  end
  return false
end

local function refuse_or_enqueue(ticket, max_wait, priority, max_queue, amounts, score)
  local violated, wait = obstacles(amounts)
  local may_wait = max_wait > 0 and not opens_too_late(amounts, violated, max_wait)
  if may_wait and queued >= max_queue then
    drop_dead_tickets()
  end
  if not may_wait or queued >= max_queue then
    return answer_refused(wait + (queued > 0 and wait_behind() or 0), violated)
  end
  keep_live(ticket)
  number = score + priority * PRIORITY_STEP
  enqueue(ticket, number, score, now + max_wait, amounts)
  answer_queued(number, violated)
end

local function answer_fresh(lease, hold)
  answer(GRANTED)
  answer(number)
  answer(now)
  answer(lease)
  answer(hold)
end

-- The acquisitions that are not granted at first sight.
local function acquire_or_wait(ticket, max_wait, priority, max_queue, amounts)
  local holder = find_holder(ticket)
  if holder then
    return answer_known(holder)
  end
  local known = find_sequence(ticket)
  if known then
    keep_live(ticket)
    return answer_queued(known, (obstacles(amounts)))
  end
  local above = above_capacity(amounts)
  if above then
    answer(ERROR)
    return answer_text(string.format("The amount %.0f is above the capacity %.0f of the limit '%s'",
      amounts[above], limits[(above - 1) * WIDTH + LIMIT], upkeep().limit_name(above)))
  end
  local score = math.max(number + 1, now) - priority * PRIORITY_STEP
  local first = queued == 0 or max_wait > 0 and is_first(ticket, score) -- who does not wait has no place in line
  if first and fits(amounts) then
    local lease, hold = take(ticket, amounts)
    return answer_fresh(lease, hold)
  end
  refuse_or_enqueue(ticket, max_wait, priority, max_queue, amounts, score)
end

-- An acquisition that may wait.
local function wait_for()
  local ticket, max_wait, priority, max_queue, amounts = next_id(), next_number(), next_number(), next_number(), read_amounts()
  acquire_or_wait(ticket, max_wait, priority, max_queue, amounts)
end

-- Publishes the messages for other instances, and answers with those for the caller's.
local function send_messages()
  local function write_message(notice)
    if notice.wait then
      return struct.pack('<dddds', 0, notice.wait, 0, 0, notice.ticket)
    end
    local lease, hold = times_left(notice.holder)
    return struct.pack('<dddds', notice.holder[FENCE], notice.holder[GRANTED_AT], lease, hold, notice.ticket)
  end
  local messages = {}
  for _, notice in ipairs(notices) do
    local instance = instance_of(notice.ticket)
    messages[instance] = (messages[instance] or '') .. write_message(notice)
  end
  for instance, message in pairs(messages) do
    if instance ~= sender_instance then
      local status = struct.pack('<sdd' .. string.rep('dd', size), text, unpack(numbers, 4, 5 + 2 * size))
      redis.call('PUBLISH', string.match(HEADER, '^[^{]*') .. 'grants:' .. instance, status .. message)
    end
  end
  if messages[sender_instance] then
    answer_text(messages[sender_instance])
  end
end
