-- main.lua: one call, a batch of operations on one partition.
--
-- reply      one flat list, which Redis converts faster than nested ones: permits taken back because their lease was over; 1 if the
--            call has stopped early and is to be followed by an empty one; tickets queued; time until the queue may go on by the
--            end of a lease (us; 0: nobody waits); text of the limits that the partition goes by ('' where it is the caller's); used
--            and reset (us) of each of them; then the answers, see operations.lua and upkeep.lua; then the messages for the calling
--            instance
-- message    granted  'g <ticket> <fence> <granted at, us> <lease, us; 0: no slots> <hold left, us; 0: no maximum>'
--            turn     't <ticket> <wait, us>'
--            To other instances they go by <prefix>grants:<instance>, behind a line with the text of the limits and one with the
--            status, in which nothing was taken back
-- invariant  what gives something back comes first, then the queue, then what takes: nobody barges. State first, message second.

local reclaimed = 0
local has_gone_on = false

local function go_on()
  has_gone_on = true
  if now >= earliest_end then
    reclaimed = upkeep().sweep()
  end
  if now >= earliest_live then
    queue().sweep_live()
  end
  if queued > 0 then
    queue().drain()
  end
end

-- Writes the head of the reply, in front of the answers.
local function take_stock()
  reply[1], reply[2], reply[3] = reclaimed, more and 1 or 0, queued
  reply[4] = queued > 0 and math.max(1, math.min(earliest_end, earliest_live) - now) or 0
  reply[5] = sender.text ~= text and text or ''
  for i = 1, size do
    local at = (i - 1) * WIDTH
    reply[4 + 2 * i] = limits[at + USED]
    reply[5 + 2 * i] = limits[at + KIND] == WINDOW and limits[at + COUNT] > 0 and oldest_entry(at) - now or 0
  end
end

-- Publishes the messages for other instances, and returns those for the caller's.
local function send_messages()
  local function write_message(notice)
    if notice.wait then
      return string.format('t %s %.0f', notice.ticket, notice.wait)
    end
    local lease, hold = times_left(notice.holder)
    return string.format('g %s %.0f %.0f %.0f %.0f', notice.ticket, notice.holder[FENCE], notice.holder[GRANTED_AT], lease, hold)
  end
  local by_instance = {}
  for _, notice in ipairs(notices) do
    local instance = queue().instance_of(notice.ticket)
    by_instance[instance] = by_instance[instance] or {}
    table.insert(by_instance[instance], write_message(notice))
  end
  for instance, messages in pairs(by_instance) do
    if instance ~= sender.instance then
      local status = { '0', '0', string.format('%.0f', reply[3]), string.format('%.0f', reply[4]) }
      for i = 1, 2 * size do
        status[4 + i] = string.format('%.0f', reply[5 + i])
      end
      local message = text .. '\n' .. table.concat(status, ' ') .. '\n' .. table.concat(messages, '\n')
      redis.call('PUBLISH', string.match(HEADER, '^[^{]*') .. 'grants:' .. instance, message)
    end
  end
  return by_instance[sender.instance] or {}
end

format_holders()
if sender.stamp > stamp then
  adoption().adopt()
  stamp = sender.stamp
end
for at = 0, (size - 1) * WIDTH, WIDTH do
  if limits[at + KIND] == WINDOW then
    advance(at)
  end
end
if holder_count > 0 and ids > 1 then
  read_holders({ unpack(ARGV, 7, 6 + ids) })
end
for i = 1, 5 + 2 * size do
  reply[i] = 0
end
while has_more_arguments() do
  local name = next_text()
  if not has_gone_on and (name == 'acquire' or name == 'inspect') then
    go_on()
  end
  if name == 'acquire' then
    acquire()
  elseif name == 'release' then
    release()
  else
    upkeep()[name]()
  end
end
if not has_gone_on then
  go_on()
end
if queued > 0 and not more then
  queue().tell_head()
end
take_stock()
save_holders()
save_state()
if #notices > 0 then
  answer(unpack(send_messages()))
end
return reply
