-- main.lua: one call, a batch of operations on one partition.
--
-- reply      { status, text of the limits that the partition goes by ('' where it is the caller's), messages for the calling
--            instance, answers }. Status: permits taken back because their lease was over; 1 if the call has stopped early and is to
--            be followed by an empty one; tickets queued; time until the queue may go on by the end of a lease (us; 0: nobody
--            waits); then used and reset (us) of each limit. Answers: see operations.lua and upkeep.lua
-- message    granted  'g <ticket> <fence> <granted at, us> <lease, us; 0: no slots> <hold left, us; 0: no maximum>'
--            turn     't <ticket> <wait, us>'
--            To other instances they go by <prefix>grants:<instance>, behind a line with the text of the limits and one with the status, in which nothing was taken back
-- invariant  what gives something back comes first, then the queue, then what takes: nobody barges. State first, message second.

local reclaimed = 0
local has_drained = false

local function go_on()
  if not has_drained then
    has_drained = true
    reclaimed = sweep()
    sweep_live()
    drain()
  end
end

local rare

local function run(name)
  if name == 'acquire' then
    go_on()
    acquire()
  elseif name == 'release' then
    release()
  else
    rare = rare or upkeep()
    if name == 'inspect' then
      go_on()
    end
    rare[name]()
  end
end

local function take_stock()
  local wake = queued > 0 and math.max(1, math.min(earliest_end, earliest_live) - now) or 0
  local status = { reclaimed, more and 1 or 0, queued, wake }
  for i = 1, size do
    local at = place(i)
    status[#status + 1] = limits[at + USED]
    status[#status + 1] = limits[at + KIND] == WINDOW and limits[at + COUNT] > 0 and oldest_entry(at) - now or 0
  end
  return status
end

local function write_message(notice)
  if notice.wait then
    return string.format('t %s %.0f', notice.ticket, notice.wait)
  end
  local lease, hold = times_left(notice.holder)
  return string.format('g %s %.0f %.0f %.0f %.0f', notice.ticket, notice.holder[FENCE], notice.holder[GRANTED_AT], lease, hold)
end

-- Publishes the messages for other instances, and returns those for the caller's.
local function send_messages(status)
  local by_instance = {}
  for _, notice in ipairs(notices) do
    local instance = instance_of(notice.ticket)
    by_instance[instance] = by_instance[instance] or {}
    table.insert(by_instance[instance], write_message(notice))
  end
  for instance, messages in pairs(by_instance) do
    if instance ~= sender.instance then
      local numbers = {}
      for i, value in ipairs(status) do
        numbers[i] = i == 1 and '0' or string.format('%.0f', value)
      end
      local message = text .. '\n' .. table.concat(numbers, ' ') .. '\n' .. table.concat(messages, '\n')
      redis.call('PUBLISH', string.match(HEADER, '^[^{]*') .. 'grants:' .. instance, message)
    end
  end
  return by_instance[sender.instance] or {}
end

format_holders()
format_tickets()
adopt_limits()
for i = 1, size do
  if limits[place(i) + KIND] == WINDOW then
    advance(place(i))
  end
end
read_named_holders()
while has_more_arguments() do
  run(next_text())
end
go_on()
tell_head()
local status = take_stock()
save_holders()
save_state()
return { status, sender.text ~= text and text or '', #notices > 0 and send_messages(status) or {}, reply }
