-- state.lua: the header of a partition, and when its keys expire.
--
-- header     packed array: time of the last change (us), last number, expiry of the keys (us), earliest end of a holder (us;
--            never later than the true one), holders and tombstones, window entries stored, mean hold (us), stamp, text of
--            the limits; then a packed array per limit
-- invariant  time never goes back within a partition. The keys of a partition expire together, within a second after its
--            state has come to equal none. What changed nothing writes nothing.

local EXPIRY_SLACK = 1000000
local FOREVER = 9007199254740991

local function load_limit(record)
  local kind, name, limit, span, hold, used, count, index = unpack(record, 1, 8)
  local loaded = { kind = kind, name = name, limit = limit, span = span, hold = hold, used = used }
  if kind == 's' then
    loaded.count, loaded.index = count, index
    loaded.newest = { first = record[9], latest = record[10], amount = record[11] }
    loaded.oldest = loaded.newest
    if count > 1 then
      loaded.oldest = { first = record[12], latest = record[13], amount = record[14] }
    end
  end
  return loaded
end

local function store_limit(limit)
  if limit.kind == 'c' then
    return { 'c', limit.name, limit.limit, limit.span, limit.hold, limit.used }
  end
  local oldest, newest = limit.oldest, limit.newest
  return {
    's', limit.name, limit.limit, limit.span, limit.hold, limit.used, limit.count, limit.index,
    newest.first, newest.latest, newest.amount, oldest.first, oldest.latest, oldest.amount,
  }
end

local function load_state()
  local raw = redis.call('GET', HEADER)
  if not raw then
    return {
      is_new = true, last = 0, number = 0, expires_at = 0, earliest_end = FOREVER, holders = 0, entries = 0,
      mean_hold = 0, stamp = -1, text = '', limits = {},
    }
  end
  local header = cmsgpack.unpack(raw)
  local last, number, expires_at, earliest_end, holders, entries, mean_hold, stamp, text = unpack(header, 1, 9)
  local limits = {}
  for i = 10, #header do
    limits[i - 9] = load_limit(header[i])
  end
  return {
    last = last, number = number, expires_at = expires_at, earliest_end = earliest_end, holders = holders,
    entries = entries, mean_hold = mean_hold, stamp = stamp, text = text, limits = limits,
  }
end

local state = load_state()
local now = math.max(state.last, read_clock())
local had_holders, had_entries = state.holders > 0, state.entries > 0
local idle_at = 0
local changed = false

local function stay_until(time)
  changed = true
  idle_at = math.max(idle_at, time)
end

local function save_state()
  if not changed then
    return
  end
  local extended = idle_at > state.expires_at
  if extended then
    state.expires_at = idle_at + EXPIRY_SLACK
  end
  local header = {
    now, state.number, state.expires_at, state.earliest_end, state.holders, state.entries, state.mean_hold,
    state.stamp, state.text,
  }
  for i, limit in ipairs(state.limits) do
    header[i + 9] = store_limit(limit)
  end
  local expires_at = string.format('%.0f', math.ceil(state.expires_at / 1000))
  redis.call('SET', HEADER, cmsgpack.pack(header), 'PXAT', expires_at)
  if state.holders > 0 and (extended or not had_holders) then
    redis.call('PEXPIREAT', HOLDERS, expires_at)
  end
  if state.entries > 0 and (extended or not had_entries) then
    redis.call('PEXPIREAT', ENTRIES, expires_at)
  end
end
