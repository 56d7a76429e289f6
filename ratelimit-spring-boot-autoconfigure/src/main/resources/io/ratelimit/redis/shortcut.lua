-- shortcut.lua: the most common calls, in a straight line: releases, what they hand over to the head of the queue, acquisitions that are
-- granted, and waits that begin behind slots. Half of the time that such a call takes would else go into making the functions of the machine,
-- which a script does anew in every call.
--
-- tables     are made with room for what most calls put into them, { nil, nil }: to make room later takes as long as to make another table
-- invariant  does what the machine behind it would do, or nothing: it writes only once it knows that it comes to the end. What is rare
--            (a lease that is over, another definition, a dead ticket, debt, a refusal ...) it leaves to the machine.

repeat
  local size, last, number, expires_at, stamp, text = sender_size, 0, 0, 0, sender_stamp, sender_text
  local earliest_end, holder_count, mean_hold, form = FOREVER, 0, 0, 0
  local earliest_live, queued, told_score, told_time, sweep_from, head_score, stuck_until = FOREVER, 0, 0, 0, 0, 0, 0
  local limits, logs = {}, {}
  if raw then
    local rest
    size, rest, last, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form, earliest_live, queued, told_score,
      told_time, sweep_from, head_score, stuck_until = read_header(raw)
    limits, logs = read_limits(raw, size, rest)
  else
    for kind, limit, span, hold in string.gmatch(text, '(%a) %S+ (%d+) (%d+) (%d+)') do
      kind = kind == 'c' and SLOTS or kind == 's' and WINDOW or BUCKET
      logs[#limits] = ''
      for _, value in ipairs({ kind, tonumber(limit), tonumber(span), tonumber(hold), 0, 0, 0, 0 }) do
        limits[#limits + 1] = value
      end
    end
  end
  local now = clock > last and clock or last
  if text ~= sender_text or sender_stamp > stamp or now >= earliest_end or now >= earliest_live then
    break
  end
  local possible = true

  -- what leaves the windows
  for at = 0, (size - 1) * WIDTH, WIDTH do
    local kind = limits[at + KIND]
    if kind == WINDOW then
      local log, position = logs[at], 1
      possible = possible and limits[at + DEBT] == 0
      while position < #log do
        local latest, amount = struct.unpack(ENTRY_FORMAT, log, position)
        if latest >= now - limits[at + SPAN] then
          break
        end
        limits[at + USED], position = limits[at + USED] - amount, position + ENTRY_LENGTH
      end
      logs[at] = string.sub(log, position)
    elseif kind ~= SLOTS then
      possible = false
    end
  end

  -- what is given back
  local position, operation, argument = FIRST_OPERATION, 0, 0
  local last_position = #ARGV[3]
  if position < last_position then
    operation, argument, position = struct.unpack('<dd', ARGV[3], position)
  end
  local released = operation == RELEASE and argument or 0
  local amounts_format, record_format = '<' .. string.rep('d', size), '<dddd' .. string.rep('d', size)
  local records = possible and holder_count > 0 and ids > 0 and redis.call('HMGET', HOLDERS, unpack(ARGV, 4, 3 + ids)) or {}
  local seen, gone = {}, { nil }
  for i = 1, released do
    local permit, record = ARGV[3 + i], records[i]
    local fence, granted_at, slots, any, _ = 0, 0, 0, false, nil
    if record then
      fence, granted_at, _, _, slots = struct.unpack('<ddddd', record)
    end
    if fence == 0 or seen[permit] then
      possible = false
      break
    end
    seen[permit] = true
    gone[i] = permit
    for j = 1, size do
      if j > 1 then
        slots = struct.unpack('<d', record, 8 * j + 25)
      end
      if slots > 0 then
        any = true
        limits[(j - 1) * WIDTH + USED] = limits[(j - 1) * WIDTH + USED] - slots
      end
    end
    if any then
      local held_for = now > granted_at and now - granted_at or 0
      mean_hold = mean_hold == 0 and held_for or math.floor((mean_hold * 7 + held_for) / 8)
    end
  end
  if not possible or operation == 0 or operation > WAIT and operation < TAKE then
    break
  end
  if released > 0 then
    operation = 0
    if position < last_position then
      operation, argument, position = struct.unpack('<dd', ARGV[3], position)
    end
  end

  -- who is in line: one more than there can be turns, to know the next head
  local heads, tickets, lives = {}, {}, {}
  local line = queued
  if queued > 0 then
    local names = { nil, nil, nil, nil }
    if released > 0 then
      heads = redis.call('ZRANGE', QUEUE, 0, released)
      local instances = { nil, nil }
      for i = 1, #heads do
        names[i], instances[i] = heads[i], string.match(heads[i], '^[^:]*')
      end
      lives = redis.call('HMGET', LIVE, unpack(instances))
    elseif now >= stuck_until then
      break
    end
    for i = released + 1, operation == WAIT and ids or 0 do
      names[#names + 1] = ARGV[3 + i]
    end
    tickets = #names > 0 and redis.call('HMGET', TICKETS, unpack(names)) or {}
    for i = #heads + 1, #names do
      possible = possible and not tickets[i]
    end
  end

  -- everybody who wants something: first those in line, then those who come
  local numbers = { now, 0, 0, 0, 0 }
  local answered = 5 + 2 * size
  local keeps = 0
  local kept, ends, left, lined, scores = { nil, nil }, { nil, nil }, { nil }, { nil, nil }, { nil, nil }
  local signs, messages = {}, {}
  local idle_at, next_head, next_id = now, 1, 3 + released
  while possible do
    local amounts, count, live_until, ticket, max_wait, priority, max_queue, score, deadline
    if heads[next_head] then
      ticket, count = heads[next_head], 1
      live_until = lives[next_head] and struct.unpack('<d', lives[next_head]) or 0
      local _, ends_at, place, after = struct.unpack('<ddd', tickets[next_head])
      deadline, score = ends_at, place
      amounts = { struct.unpack(amounts_format, tickets[next_head], after) }
      possible = deadline > now and live_until > now
    elseif operation == ACQUIRE or operation == TAKE then
      count = argument
      amounts = { struct.unpack(amounts_format, ARGV[3], position) }
    elseif operation == WAIT then
      count, max_wait = 1, argument
      priority, max_queue, position = struct.unpack('<dd', ARGV[3], position)
      amounts = { struct.unpack(amounts_format, ARGV[3], position) }
    elseif operation == 0 then
      break
    else
      possible = false
      break
    end

    local missing, which = 0, 0
    for i = 1, size do
      local at = (i - 1) * WIDTH
      if amounts[i] > limits[at + LIMIT] then
        possible = false
      elseif amounts[i] > 0 and limits[at + USED] + amounts[i] * count > limits[at + LIMIT] then
        missing, which = missing + 1, i
        possible = possible and limits[at + KIND] == SLOTS
      end
    end
    if not possible then
      break
    end

    if missing == 0 and (live_until or queued == 0) then
      local fence = number < now and now or number + 1
      local lease, hold_end, has_slots = FOREVER, 0, false
      number = fence + count - 1
      for i = 1, size do
        local amount, at = amounts[i] * count, (i - 1) * WIDTH
        if amount > 0 then
          limits[at + USED] = limits[at + USED] + amount
          if limits[at + KIND] == SLOTS then
            has_slots = true
            lease = limits[at + SPAN] < lease and limits[at + SPAN] or lease
            if limits[at + HOLD] > 0 and (hold_end == 0 or now + limits[at + HOLD] < hold_end) then
              hold_end = now + limits[at + HOLD]
            end
          else
            amounts[i] = 0 -- from here on these are slots
            local log, latest, newest_amount, first = logs[at], 0, 0, limits[at + NEWEST_FIRST]
            if log ~= '' then
              latest, newest_amount = struct.unpack(ENTRY_FORMAT, log, #log - ENTRY_LENGTH + 1)
            end
            if log ~= '' and (latest == now or #log >= EXACT_ENTRIES * ENTRY_LENGTH and (now - first) * EXACT_ENTRIES < limits[at + SPAN]) then
              log = string.sub(log, 1, -ENTRY_LENGTH - 1)
            else
              limits[at + NEWEST_FIRST], newest_amount = now, 0
            end
            logs[at] = log .. struct.pack(ENTRY_FORMAT, now, newest_amount + amount)
            if now + limits[at + SPAN] + 1 > idle_at then
              idle_at = now + limits[at + SPAN] + 1
            end
          end
        end
      end
      local lease_end = now + (has_slots and lease or sender_lease)
      if hold_end > 0 and hold_end < lease_end then
        lease_end = hold_end
      end
      if live_until and live_until < lease_end then
        lease_end = live_until
      end
      lease = has_slots and lease_end - now or 0
      local hold = hold_end > 0 and hold_end - now or 0
      if operation ~= WAIT and not live_until then
        numbers[answered + 1], numbers[answered + 2] = lease, hold
        answered = answered + 2
      end
      for i = 0, count - 1 do
        if operation ~= TAKE and not live_until then
          next_id = next_id + 1
          ticket = ARGV[next_id]
          if records[next_id - 3] or seen[ticket] then
            possible = false
            break
          end
        end
        if has_slots or live_until then
          seen[ticket] = true
          kept[keeps + 1] = ticket
          kept[keeps + 2] = struct.pack(record_format, fence + i, now, lease_end, hold_end, unpack(amounts))
          keeps = keeps + 2
          if form == INDEXED then
            ends[keeps - 1], ends[keeps] = lease_end, ticket
          end
        end
        if live_until then
          left[#left + 1] = ticket
          queued, next_head = queued - 1, next_head + 1
          if queued == 0 then
            told_score, told_time, sweep_from = 0, 0, 0
          end
          possible = possible and (heads[next_head] ~= nil or queued == 0)
          local instance = string.match(ticket, '^[^:]*')
          messages[instance] = (messages[instance] or '') .. struct.pack('<dddds', fence, now, lease, hold, ticket)
        elseif operation ~= WAIT then
          answered = answered + 1
          numbers[answered] = fence + i
        else
          numbers[answered + 1], numbers[answered + 2], numbers[answered + 3] = GRANTED, fence, now
          numbers[answered + 4], numbers[answered + 5] = lease, hold
          answered = answered + 5
        end
      end
      if has_slots or live_until then
        earliest_end = lease_end < earliest_end and lease_end or earliest_end
        idle_at = lease_end > idle_at and lease_end or idle_at
      end
    elseif live_until then
      head_score, stuck_until, heads = score, deadline, {}
    elseif operation == WAIT and missing == 1 then
      next_id = next_id + 1
      ticket = ARGV[next_id]
      local sequence = number < now and now or number + 1
      score = sequence - priority * PRIORITY_STEP
      if records[next_id - 3] or seen[ticket] or queued >= max_queue or queued + 1 == LONG_QUEUE or queued > 0 and score <= head_score then
        possible = false
        break
      end
      seen[ticket], signs[string.match(ticket, '^[^:]*')] = true, true
      if queued == 0 then
        head_score, stuck_until = score, now + max_wait
      end
      number, queued = sequence, queued + 1
      lined[#lined + 1], scores[#scores + 1] = ticket, score
      lined[#lined + 1], scores[#scores + 1] = struct.pack('<ddd', sequence, now + max_wait, score) .. struct.pack(amounts_format, unpack(amounts)), ticket
      numbers[answered + 1], numbers[answered + 2], numbers[answered + 3], numbers[answered + 4] = QUEUED, sequence, 1, which
      answered = answered + 4
    else
      possible = false
      break
    end

    if not live_until then
      position = position + 8 * size
      operation = 0
      if position < last_position then
        operation, argument, position = struct.unpack('<dd', ARGV[3], position)
      end
    end
  end
  if not possible or form < INDEXED and holder_count + keeps / 2 > FEW_HOLDERS or form == INDEXED and holder_count + keeps / 2 == #gone then
    break
  end

  -- what is kept: nothing was written so far
  local had_holders, had_queue, had_live = holder_count > 0, line > #left, earliest_live < FOREVER
  if #lined > 0 then
    for instance in pairs(signs) do
      redis.call('HSET', LIVE, instance, struct.pack('<d', now + sender_lease))
    end
    earliest_live = now + sender_lease < earliest_live and now + sender_lease or earliest_live
    idle_at = now + sender_lease > idle_at and now + sender_lease or idle_at
  end
  local long
  holder_count = holder_count + keeps / 2
  if form == LISTED and holder_count >= SOME_HOLDERS then
    long = string.rep(' ', LONG)
    kept[keeps + 1], kept[keeps + 2] = long, ''
  end
  if keeps > 0 then
    redis.call('HSET', HOLDERS, unpack(kept))
    if form == INDEXED then
      redis.call('ZADD', ENDS, unpack(ends))
    end
  end
  holder_count = holder_count - #gone
  if #gone > 0 and form == INDEXED then
    redis.call('ZREM', ENDS, unpack(gone))
  end
  if long then
    gone[#gone + 1], form = long, TABLED
  end
  if #gone > 0 then
    redis.call('HDEL', HOLDERS, unpack(gone))
  end
  form = holder_count > 0 and form or LISTED
  if #left > 0 then
    redis.call('ZREM', QUEUE, unpack(left))
    redis.call('HDEL', TICKETS, unpack(left))
  end
  if #lined > 0 then
    redis.call('HSET', TICKETS, unpack(lined))
    redis.call('ZADD', QUEUE, unpack(scores))
  end
  local extended = idle_at > expires_at
  expires_at = extended and idle_at + EXPIRY_SLACK or expires_at
  local packed = write_header(limits, logs, size, now, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form,
    earliest_live, queued, told_score, told_time, sweep_from, head_score, stuck_until)
  local expiry = math.ceil(expires_at / 1000)
  if extended then
    redis.call('SET', HEADER, packed, 'PXAT', expiry)
  else
    redis.call('SET', HEADER, packed, 'KEEPTTL')
  end
  if holder_count > 0 and (extended or not had_holders) then
    redis.call('PEXPIREAT', HOLDERS, expiry)
  end
  if form == INDEXED and extended then
    redis.call('PEXPIREAT', ENDS, expiry)
  end
  if queued > 0 and (extended or not had_queue) then
    redis.call('PEXPIREAT', QUEUE, expiry)
    redis.call('PEXPIREAT', TICKETS, expiry)
  end
  if earliest_live < FOREVER and (extended or not had_live) then
    redis.call('PEXPIREAT', LIVE, expiry)
  end

  numbers[4] = queued
  if queued > 0 then
    local wake = (earliest_end < earliest_live and earliest_end or earliest_live) - now
    numbers[5] = wake > 1 and wake or 1
  end
  for i = 1, size do
    local at = (i - 1) * WIDTH
    local latest = logs[at] ~= '' and struct.unpack(ENTRY_FORMAT, logs[at])
    numbers[4 + 2 * i] = limits[at + USED]
    numbers[5 + 2 * i] = latest and latest + limits[at + SPAN] + 1 - now or 0
  end
  for instance, message in pairs(messages) do
    if instance ~= sender_instance then
      local status = struct.pack('<sdd' .. string.rep('dd', size), text, unpack(numbers, 4, 5 + 2 * size))
      redis.call('PUBLISH', string.match(HEADER, '^[^{]*') .. 'grants:' .. instance, status .. message)
    end
  end
  local reply = struct.pack('<' .. string.rep('d', answered), unpack(numbers, 1, answered))
  return messages[sender_instance] and { reply, '', messages[sender_instance] } or reply
until true
