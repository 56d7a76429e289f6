-- window_debt.lua: what corrections do to a sliding window, see sliding_window.lua. Made when first asked for.
--
-- invariant  there is debt only while the entries leave no room. It is paid with the room of entries that leave, as an entry of the moment
--            at which they have left.

local function stay_for_debt(at)
  if limits[at + COUNT] > 0 then
    local windows = 1 + windows_for(at, limits[at + DEBT])
    stay_until(limits[at + NEWEST_LATEST] + windows * (limits[at + SPAN] + 1))
  end
end

-- Takes for debt what room there is.
local function pay_debt(at, time)
  local paid = math.min(limits[at + DEBT], limits[at + LIMIT] - limits[at + USED])
  if paid > 0 then
    limits[at + DEBT] = limits[at + DEBT] - paid
    window_take(at, paid, time)
    stay_for_debt(at)
  end
end

-- All entries have left: had somebody looked, debt would have filled window after window since.
local function start_anew(at)
  local latest, period = limits[at + NEWEST_LATEST], limits[at + SPAN] + 1
  local windows = math.floor((now - latest) / period)
  local paid = windows > windows_for(at, limits[at + DEBT])
  limits[at + DEBT] = paid and 0 or limits[at + DEBT] - limits[at + LIMIT] * (windows - 1)
  pay_debt(at, latest + windows * period)
end

local function charge(at, amount)
  limits[at + DEBT] = math.min(most_debt(at, limits[at + LIMIT]), limits[at + DEBT] + amount)
  pay_debt(at, now)
  stay_for_debt(at)
end

local function take(at, amount)
  window_take(at, amount, now)
end

-- Gives back an amount of the entry of a moment; returns how much.
local function refund_entry(at, amount, moment)
  local count = limits[at + COUNT]
  local function refund_from(first, latest, entry_amount)
    local refunded = first <= moment and moment <= latest and math.min(amount, entry_amount) or nil
    limits[at + USED] = limits[at + USED] - (refunded or 0)
    return refunded
  end
  local refunded = count > 0
    and refund_from(limits[at + NEWEST_FIRST], limits[at + NEWEST_LATEST], limits[at + NEWEST_AMOUNT])
  if refunded then
    limits[at + NEWEST_AMOUNT] = limits[at + NEWEST_AMOUNT] - refunded
    return refunded
  end
  refunded = count > 1 and refund_from(limits[at + OLDEST_FIRST], limits[at + OLDEST_LATEST], limits[at + OLDEST_AMOUNT])
  if refunded then
    limits[at + OLDEST_AMOUNT] = limits[at + OLDEST_AMOUNT] - refunded
    return refunded
  end
  for offset, packed in ipairs(waiting().read_entries(at, 1, count - 2)) do
    local first, span, entry_amount = struct.unpack(ENTRY_FORMAT, packed)
    refunded = refund_from(first, first + span, entry_amount)
    if refunded then
      store_entry(at, offset, first, first + span, entry_amount - refunded)
      return refunded
    end
  end
  return 0
end

-- Gives back what was charged at a moment, and is an entry or debt, unless that moment has left the window already.
local function refund(at, amount, charged_at)
  local of_entry = refund_entry(at, amount, charged_at)
  local of_debt = now - charged_at <= limits[at + SPAN] and math.min(amount - of_entry, limits[at + DEBT]) or 0
  limits[at + DEBT] = limits[at + DEBT] - of_debt
  changed = changed or of_entry + of_debt > 0
  pay_debt(at, now)
end
