-- state.lua: what is known of a partition, see header.lua, and when its keys expire.
--
-- invariant  time never goes back within a partition. The keys of a partition expire together, within a second after its
--            state has come to equal none. What changed nothing writes nothing.

local EXPIRY_SLACK = 1000000

-- Functions that not every call needs are made when first asked for: a call begins from nothing, and making a function takes longer than
-- most functions run. waiting() makes those of refusal.lua and queue.lua, upkeep() those of adoption.lua and upkeep.lua, rates() those of
-- rates.lua.
local waiting, upkeep, rates

local size, last, number, expires_at, stamp, text = 0, 0, 0, 0, -1, ''
local earliest_end, holder_count, mean_hold, form = FOREVER, 0, 0, 0
local earliest_live, queued, told_score, told_time, sweep_from, head_score, stuck_until = FOREVER, 0, 0, 0, 0, 0, 0
local limits, logs = {}, {}
if raw then
  local rest
  size, rest, last, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form, earliest_live, queued, told_score,
    told_time, sweep_from, head_score, stuck_until = read_header(raw)
  limits, logs = read_limits(raw, size, rest)
end

local now = math.max(last, clock)
local had_holders, had_ends, had_queue, had_live = holder_count > 0, form == INDEXED, queued > 0, earliest_live < FOREVER
local idle_at = 0
local changed = false
local more = false

local function stay_until(time)
  changed = true
  if time > idle_at then
    idle_at = time
  end
end
