-- fixed_window.lua: windows that follow each other. Made when first asked for.
--
-- limit      SPAN: the window (us); USED: taken in this window; DEBT: charged above the limit; START: when the window began (us), while
--            USED is above 0. A window begins with the first request behind the last, or directly behind it while there is debt.
-- invariant  there is debt only while nothing is left of the window; USED is within LIMIT, unless that was lowered.

local START = 7

-- Stays until the window has ended, and those that debt will fill.
local function stay(at)
  if limits[at + USED] > 0 then
    stay_until(limits[at + START] + (1 + windows_for(at, limits[at + DEBT])) * limits[at + SPAN])
  end
end

local function pay_debt(at)
  local paid = math.min(limits[at + DEBT], limits[at + LIMIT] - limits[at + USED])
  if paid > 0 then
    limits[at + USED], limits[at + DEBT] = limits[at + USED] + paid, limits[at + DEBT] - paid
    stay(at)
  end
end

local function advance(at)
  local ended = limits[at + USED] > 0 and math.floor((now - limits[at + START]) / limits[at + SPAN]) or 0
  if ended > 0 then
    local paid = ended > windows_for(at, limits[at + DEBT])
    limits[at + DEBT] = paid and 0 or limits[at + DEBT] - limits[at + LIMIT] * (ended - 1)
    limits[at + USED], limits[at + START] = 0, limits[at + START] + ended * limits[at + SPAN]
    changed = true
  end
  if limits[at + DEBT] > 0 then
    pay_debt(at)
  end
end

local function take(at, amount)
  if limits[at + USED] == 0 then
    limits[at + START] = now
  end
  limits[at + USED] = limits[at + USED] + amount
  stay(at)
end

local function charge(at, amount)
  if limits[at + USED] == 0 then
    limits[at + START] = now
  end
  limits[at + DEBT] = math.min(most_debt(at, limits[at + LIMIT]), limits[at + DEBT] + amount)
  pay_debt(at)
  stay(at)
end

-- Gives back what was charged in the window that lasts.
local function refund(at, amount, charged_at)
  if limits[at + USED] == 0 or charged_at < limits[at + START] then
    return
  end
  local of_window = math.min(amount, limits[at + USED])
  limits[at + USED] = limits[at + USED] - of_window
  limits[at + DEBT] = limits[at + DEBT] - math.min(amount - of_window, limits[at + DEBT])
  changed = true
  pay_debt(at)
end

local function wait_for_room(at, amount)
  if limits[at + USED] == 0 or limits[at + USED] + limits[at + DEBT] + amount <= limits[at + LIMIT] then
    return 0
  end
  return limits[at + START] + windows_for(at, limits[at + DEBT] + amount) * limits[at + SPAN] - now
end

-- Returns what is used, debt included, and in how much time something comes back.
local function status(at)
  local reset = limits[at + USED] > 0 and limits[at + START] + limits[at + SPAN] - now or 0
  return limits[at + USED] + limits[at + DEBT], reset
end
