-- bucket.lua: a leaky bucket as a meter, which is a token bucket seen from the other side (the "generic cell rate algorithm" of ITU-T I.371):
-- what is taken is put in, and flows out evenly. Made when first asked for.
--
-- limit      LIMIT: the burst, all that it holds; RATE: how much flows out in SPAN (us); USED: how much is in it now, rounded up;
--            EMPTY_AT, EMPTY_PARTS: when it will be empty
-- log        low waters: the levels that were never undercut since, oldest and lowest first: when (us), level
-- level      how full it is, as the time until it is empty: whole us, and parts of RATE of one
-- invariant  what was put in during any time, less what was refunded, is at most the burst and what flows out in that time, whenever
--            something is granted. Of a charge no more is given back than the lowest level since. Divides before it multiplies, so that
--            every number is whole and below 2^53. At most 64 low waters: where two are joined, the lower level counts for both.

local EMPTY_AT, EMPTY_PARTS = 7, 8
local MOST_LOWS = 64
local LOW_FORMAT, LOW_LENGTH = '<I7I7I4', 18

local function is_less(micros, parts, other_micros, other_parts)
  return micros < other_micros or micros == other_micros and parts < other_parts
end

-- Returns the level that an amount fills.
local function level_of(at, amount)
  local rate, span = limits[at + RATE], limits[at + SPAN]
  local rest = amount % rate
  local parts = rest * (span % rate)
  return math.floor(amount / rate) * span + rest * math.floor(span / rate) + math.floor(parts / rate), parts % rate
end

-- Returns the amount that fills a level, rounded up.
local function amount_of(at, micros, parts)
  local rate, span = limits[at + RATE], limits[at + SPAN]
  local rest = micros % span
  local amount = math.floor(rest * rate / span) -- within one of the true number
  local level_micros, level_parts = level_of(at, amount)
  while is_less(level_micros, level_parts, rest, parts) do
    amount = amount + 1
    level_micros, level_parts = level_of(at, amount)
  end
  while amount > 0 do
    level_micros, level_parts = level_of(at, amount - 1)
    if is_less(level_micros, level_parts, rest, parts) then
      break
    end
    amount = amount - 1
  end
  return math.floor(micros / span) * rate + amount
end

local function difference(at, micros, parts, less_micros, less_parts)
  if parts < less_parts then
    return micros - less_micros - 1, parts - less_parts + limits[at + RATE]
  end
  return micros - less_micros, parts - less_parts
end

local function level(at)
  if limits[at + EMPTY_AT] < now then
    return 0, 0
  end
  return limits[at + EMPTY_AT] - now, limits[at + EMPTY_PARTS]
end

local function set_level(at, micros, parts)
  limits[at + EMPTY_AT], limits[at + EMPTY_PARTS], limits[at + USED] = now + micros, parts, amount_of(at, micros, parts)
  stay_until(now + micros + 1)
end

local function advance(at)
  limits[at + USED] = amount_of(at, level(at))
end

local function read_lows(at)
  local lows = {}
  for position = 1, #logs[at], LOW_LENGTH do
    lows[#lows + 1] = { struct.unpack(LOW_FORMAT, logs[at], position) }
  end
  return lows
end

local function write_lows(at, lows)
  local packed = {}
  for i, low in ipairs(lows) do
    packed[i] = struct.pack(LOW_FORMAT, low[1], low[2], low[3])
  end
  logs[at] = table.concat(packed)
end

local function join_lows(at)
  local lows, joined = read_lows(at), {}
  for i = 1, #lows, 2 do
    joined[#joined + 1] = { lows[i + 1][1], lows[i][2], lows[i][3] }
  end
  write_lows(at, joined)
end

-- Learns how low the bucket is.
local function learn_low(at, micros, parts)
  local log, moment = logs[at], 0
  if micros == 0 and parts == 0 then
    log = ''
  end
  while log ~= '' do
    local low_micros, low_parts
    moment, low_micros, low_parts = struct.unpack(LOW_FORMAT, log, #log - LOW_LENGTH + 1)
    if is_less(low_micros, low_parts, micros, parts) then
      break
    end
    log = string.sub(log, 1, -LOW_LENGTH - 1)
  end
  -- what is higher at the same moment adds nothing
  if log == '' or moment < now then
    log = log .. struct.pack(LOW_FORMAT, now, micros, parts)
  end
  logs[at] = log
  if #log == MOST_LOWS * LOW_LENGTH then
    join_lows(at)
  end
end

-- Takes an amount, whether there is room or not.
local function charge(at, amount)
  local most = most_debt(at, limits[at + RATE])
  local micros, parts = level(at)
  learn_low(at, micros, parts)
  local more_micros, more_parts = level_of(at, math.min(amount, most))
  micros, parts = micros + more_micros, parts + more_parts
  if parts >= limits[at + RATE] then
    micros, parts = micros + 1, parts - limits[at + RATE]
  end
  local most_micros, most_parts = level_of(at, most)
  if is_less(most_micros, most_parts, micros, parts) then
    micros, parts = most_micros, most_parts
  end
  set_level(at, micros, parts)
end

local function take(at, amount)
  charge(at, amount)
end

-- Learns that the levels since a moment should have been lower; what they undercut then is forgotten.
local function lower(at, lows, moment, by_micros, by_parts)
  local lowered = {}
  for _, low in ipairs(lows) do
    if low[1] > moment then
      low[2], low[3] = difference(at, low[2], low[3], by_micros, by_parts)
    end
    while #lowered > 0 and not is_less(lowered[#lowered][2], lowered[#lowered][3], low[2], low[3]) do
      lowered[#lowered] = nil
    end
    lowered[#lowered + 1] = low
  end
  write_lows(at, lowered)
end

-- Gives back what was charged at a moment, as far as it would still be in the bucket.
local function refund(at, amount, charged_at)
  local micros, parts = level(at)
  local most_micros, most_parts = micros, parts
  local lows = read_lows(at)
  for _, low in ipairs(lows) do
    if low[1] > charged_at then
      if is_less(low[2], low[3], most_micros, most_parts) then
        most_micros, most_parts = low[2], low[3]
      end
      break
    end
  end
  local by_micros, by_parts = level_of(at, math.min(amount, most_debt(at, limits[at + RATE])))
  if is_less(most_micros, most_parts, by_micros, by_parts) then
    by_micros, by_parts = most_micros, most_parts
  end
  if by_micros == 0 and by_parts == 0 then
    return
  end
  lower(at, lows, charged_at, by_micros, by_parts)
  set_level(at, difference(at, micros, parts, by_micros, by_parts))
end

local function wait_for_room(at, amount)
  local micros, parts = level(at)
  local room_micros, room_parts = level_of(at, math.max(0, limits[at + LIMIT] - amount))
  if not is_less(room_micros, room_parts, micros, parts) then
    return 0
  end
  micros, parts = difference(at, micros, parts, room_micros, room_parts)
  return parts > 0 and micros + 1 or micros
end

-- Returns what is used, debt included, and in how much time something comes back.
local function status(at)
  local used = limits[at + USED]
  if used == 0 then
    return 0, 0
  end
  local micros, parts = level(at)
  micros, parts = difference(at, micros, parts, level_of(at, used - 1))
  return used, parts > 0 and micros + 1 or micros
end
