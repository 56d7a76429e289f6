-- state.lua: the header of a partition, and when its keys expire.
--
-- header     packed: number of limits (byte); doubles: time of the last change (us), last number, expiry of the keys (us), earliest
--            end of a holder and of an instance's sign of life (us; never later than the true ones), holders (tombstones
--            included), window entries stored, tickets queued, mean hold (us), stamp, score and time (us) that the head of the
--            queue was told last, place in the queue where the next search for dead tickets begins, last id of a limit, score of the
--            head of the queue and until when slots are in its way (us) if nobody gives any back, 1 if
--            there is an index of the ends of holders; text of the limits; then WIDTH
--            doubles for each limit
-- invariant  time never goes back within a partition. The keys of a partition expire together, within a second after its
--            state has come to equal none. What changed nothing writes nothing.

local EXPIRY_SLACK = 1000000
local FOREVER = 9007199254740991

-- The doubles of a limit i are limits[(i - 1) * WIDTH + ...]. LIMIT is the most that one can take at once, SPAN the lease of slots, the
-- window of a rate, in us. The fourth is the maximum hold of slots (us), the debt of a window, the rate of a bucket; see
-- sliding_window.lua, fixed_window.lua and bucket.lua for what they keep behind ID.
local WIDTH = 14
local KIND, LIMIT, SPAN, HOLD, USED = 1, 2, 3, 4, 5
local DEBT, RATE = 4, 4
local SLOTS, WINDOW, FIXED, BUCKET = 1, 2, 3, 4

-- Functions that not every call needs are made when first asked for: a call begins from nothing, and making a function takes longer than
-- most functions run. waiting() makes those of refusal.lua and queue.lua, upkeep() those of adoption.lua and upkeep.lua, rates() those of
-- rates.lua.
local waiting, upkeep, rates

local HEADER_FORMAT = '<Bddddddddddddddddds'

local size, last, number, expires_at, earliest_end, earliest_live = 0, 0, 0, 0, FOREVER, FOREVER
local holder_count, entry_count, queued, mean_hold, stamp = 0, 0, 0, 0, -1
local told_score, told_time, sweep_from, last_limit_id, head_score, stuck_until, indexed, text = 0, 0, 0, 0, 0, 0, 0, ''
local limits = {}
if raw then
  local rest
  size, last, number, expires_at, earliest_end, earliest_live, holder_count, entry_count, queued, mean_hold, stamp, told_score,
    told_time, sweep_from, last_limit_id, head_score, stuck_until, indexed, text, rest = struct.unpack(HEADER_FORMAT, raw)
  limits = { struct.unpack('<' .. string.rep('d', size * WIDTH), raw, rest) }
  limits[size * WIDTH + 1] = nil -- where reading ended
end

local now = math.max(last, clock)
local had_holders, had_ends, had_entries, had_queue, had_live =
  holder_count > 0, indexed > 0, entry_count > 0, queued > 0, earliest_live < FOREVER
local idle_at = 0
local changed = false
local more = false

local function stay_until(time)
  changed = true
  if time > idle_at then
    idle_at = time
  end
end
