-- main.lua: one call, a batch of operations on one partition.
--
-- reply      a text; if there are more, a list of texts, which costs Redis more. The first is packed doubles: time (us); permits taken back
--            because their lease was over; 1 if the call has stopped early and is to be followed by an empty one; tickets queued; time until
--            the queue may go on by the end of a lease (us; 0: nobody waits); used and reset (us) of each limit; then the answers, see
--            operations.lua and upkeep.lua. The second is the text of the limits that the partition goes by ('' where it is the caller's).
--            Then come the texts of the answers, and the messages for the calling instance, one behind the other
-- message    packed: four doubles and a ticket that ends with a zero
--              granted  fence, granted at (us), lease (us; 0: no slots), hold left (us; 0: no maximum)
--              turn     0, wait (us), 0, 0
--            To other instances they go by <prefix>grants:<instance>, packed: the text of the limits, which ends with a zero, and doubles: the
--            size of the queue, the time until it may go on, and used and reset of each limit; then the messages
-- invariant  what gives something back comes first, then the queue, then what takes: nobody barges. State first, message second.

local MOST_TOGETHER = 1000

local reclaimed = 0
local has_gone_on = false

local function go_on()
  has_gone_on = true
  if now >= earliest_end then
    reclaimed = upkeep().sweep()
  end
  if now >= earliest_live then
    waiting().sweep_live()
  end
  if queued > 0 then
    waiting().drain()
  end
end

if sender_stamp > stamp then
  upkeep().adopt()
  stamp = sender_stamp
end
for at = 0, (size - 1) * WIDTH, WIDTH do
  local kind = limits[at + KIND]
  if kind == WINDOW then
    advance(at)
  elseif kind ~= SLOTS then
    rates().of(kind).advance(at)
  end
end
if holder_count > 0 and ids > 1 then
  read_holders({ unpack(ARGV, 4, 3 + ids) })
end
answered = 5 + 2 * size
for i = 1, answered do
  numbers[i] = 0
end
while position < #operands do
  local operation = next_number()
  if operation == RELEASE then
    release()
  else
    if not has_gone_on and (operation == ACQUIRE or operation == TAKE or operation == WAIT or operation == INSPECT) then
      go_on()
    end
    if operation == ACQUIRE or operation == TAKE then
      acquire(operation == ACQUIRE)
    elseif operation == WAIT then
      waiting().wait_for()
    else
      upkeep().run(operation)
    end
  end
end
if not has_gone_on then
  go_on()
end
if queued > 0 then
  waiting().tell_head()
end

numbers[1], numbers[2], numbers[3], numbers[4] = now, reclaimed, more and 1 or 0, queued
numbers[5] = queued > 0 and math.max(1, math.min(earliest_end, earliest_live) - now) or 0
for i = 1, size do
  local at = (i - 1) * WIDTH
  local kind = limits[at + KIND]
  if kind == SLOTS then
    numbers[4 + 2 * i] = limits[at + USED]
  elseif kind == WINDOW then
    numbers[4 + 2 * i] = limits[at + USED] + limits[at + DEBT]
    numbers[5 + 2 * i] = logs[at] ~= '' and oldest_entry(at) - now or 0
  else
    numbers[4 + 2 * i], numbers[5 + 2 * i] = rates().of(kind).status(at)
  end
end

save_holders()
if changed then
  local extended = idle_at > expires_at
  expires_at = extended and idle_at + EXPIRY_SLACK or expires_at
  local packed = write_header(limits, logs, size, now, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form,
    earliest_live, queued, told_score, told_time, sweep_from, head_score, stuck_until)
  if extended then
    redis.call('SET', HEADER, packed, 'PXAT', math.ceil(expires_at / 1000))
  else
    redis.call('SET', HEADER, packed, 'KEEPTTL')
  end
  local function expire(...)
    for _, key in ipairs({ ... }) do
      redis.call('PEXPIREAT', key, math.ceil(expires_at / 1000))
    end
  end
  if holder_count > 0 and (extended or not had_holders) then
    expire(HOLDERS)
  end
  if form == INDEXED and (extended or not had_ends) then
    expire(ENDS)
  end
  if queued > 0 and (extended or not had_queue) then
    expire(QUEUE, TICKETS)
  end
  if earliest_live < FOREVER and (extended or not had_live) then
    expire(LIVE)
  end
end
if #notices > 0 then
  waiting().send_messages()
end
local packed = ''
for from = 1, answered, MOST_TOGETHER do
  local to = math.min(answered, from + MOST_TOGETHER - 1)
  packed = packed .. struct.pack('<' .. string.rep('d', to - from + 1), unpack(numbers, from, to))
end
if text == sender_text and #texts == 0 then
  return packed
end
return { packed, text == sender_text and '' or text, unpack(texts) }
