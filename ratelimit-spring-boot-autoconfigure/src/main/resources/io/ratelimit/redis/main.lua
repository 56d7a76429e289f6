-- main.lua: one call, a batch of operations on one partition.
--
-- reply      { permits taken back because their lease was over, text of the limits that the partition goes by ('' where it is the
--            caller's), then the reply of each operation in the order of the arguments }
-- invariant  what gives back comes first, so that what takes finds it: releases, cancels and renewals, then the sweep, then
--            acquires and inspections, each kind in the order of the arguments.

local GIVING = { release = release, cancel = cancel, renew = renew }
local TAKING = { acquire = acquire, inspect = inspect }

local operations = read_operations()
local replies = {}

adopt_limits()
for _, limit in ipairs(state.limits) do
  if limit.kind == 's' then
    advance(limit)
  end
end
for i, operation in ipairs(operations) do
  if GIVING[operation.name] then
    replies[i] = GIVING[operation.name](operation)
  end
end
local reclaimed = sweep()
for i, operation in ipairs(operations) do
  if TAKING[operation.name] then
    replies[i] = TAKING[operation.name](operation)
  end
  with_status(replies[i])
end
save_state()

local reply = { reclaimed, sender.text ~= state.text and state.text or '' }
for i = 1, #operations do
  reply[i + 2] = replies[i]
end
return reply
