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

-- Gives back what was charged at a moment, unless that moment has left the window already. Debt that was paid since stands in later entries,
-- next to what others took: of all that counts since that moment what leaves first is given back, so no other charge leaves too early.
local function refund(at, amount, charged_at)
  local count, left = limits[at + COUNT], amount
  local counts = now - charged_at <= limits[at + SPAN]
  local function refund_from(first, latest, entry_amount)
    if latest < charged_at or not counts and first > charged_at then
      return entry_amount
    end
    local part = math.min(left, entry_amount)
    left = left - part
    limits[at + USED] = limits[at + USED] - part
    return entry_amount - part
  end
  if count > 1 and charged_at < limits[at + NEWEST_FIRST] then
    limits[at + OLDEST_AMOUNT] = refund_from(limits[at + OLDEST_FIRST], limits[at + OLDEST_LATEST], limits[at + OLDEST_AMOUNT])
    for offset, packed in ipairs(left > 0 and waiting().read_entries(at, 1, count - 2) or {}) do
      local first, span, entry_amount = struct.unpack(ENTRY_FORMAT, packed)
      local kept = refund_from(first, first + span, entry_amount)
      if kept < entry_amount then
        store_entry(at, offset, first, first + span, kept)
      end
    end
  end
  if count > 0 then
    limits[at + NEWEST_AMOUNT] = refund_from(limits[at + NEWEST_FIRST], limits[at + NEWEST_LATEST], limits[at + NEWEST_AMOUNT])
  end
  local of_debt = counts and math.min(left, limits[at + DEBT]) or 0
  limits[at + DEBT] = limits[at + DEBT] - of_debt
  changed = changed or left - of_debt < amount
  pay_debt(at, now)
end
