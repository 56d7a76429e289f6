-- window_debt.lua: what corrections do to a sliding window, see sliding_window.lua. Made when first asked for.
--
-- invariant  there is debt only while the entries leave no room. It is paid with the room of entries that leave, as an entry of the moment
--            at which they have left.

-- Stays until all has left the window, debt that is still to come included.
local function stay(at)
  if logs[at] ~= '' then
    local windows = 1 + windows_for(at, limits[at + DEBT])
    stay_until(newest_entry(at) + windows * (limits[at + SPAN] + 1))
  end
end

-- Takes for debt what room there is.
local function pay_debt(at, time)
  local paid = math.min(limits[at + DEBT], limits[at + LIMIT] - limits[at + USED])
  if paid > 0 then
    limits[at + DEBT] = limits[at + DEBT] - paid
    window_take(at, paid, time)
    stay(at)
  end
end

-- All entries have left: had somebody looked, debt would have filled window after window since.
local function start_anew(at, latest)
  local period = limits[at + SPAN] + 1
  local windows = math.floor((now - latest) / period)
  local paid = windows > windows_for(at, limits[at + DEBT])
  limits[at + DEBT] = paid and 0 or limits[at + DEBT] - limits[at + LIMIT] * (windows - 1)
  pay_debt(at, latest + windows * period)
end

local function charge(at, amount)
  limits[at + DEBT] = math.min(most_debt(at, limits[at + LIMIT]), limits[at + DEBT] + amount)
  pay_debt(at, now)
  stay(at)
end

local function take(at, amount)
  window_take(at, amount, now)
end

-- Gives back what was charged at a moment, unless that moment has left the window already. Debt that was paid since stands in later entries,
-- next to what others took: of all that counts since that moment what leaves first is given back, so no other charge leaves too early.
local function refund(at, amount, charged_at)
  local left, entries = amount, {}
  local counts = now - charged_at <= limits[at + SPAN]
  for position = 1, #logs[at], ENTRY_LENGTH do
    local latest, entry_amount = struct.unpack(ENTRY_FORMAT, logs[at], position)
    local part = counts and latest >= charged_at and math.min(left, entry_amount) or 0
    left = left - part
    entries[#entries + 1] = struct.pack(ENTRY_FORMAT, latest, entry_amount - part)
  end
  limits[at + USED], logs[at] = limits[at + USED] - (amount - left), table.concat(entries)
  local of_debt = counts and math.min(left, limits[at + DEBT]) or 0
  limits[at + DEBT] = limits[at + DEBT] - of_debt
  changed = changed or left - of_debt < amount
  pay_debt(at, now)
end
