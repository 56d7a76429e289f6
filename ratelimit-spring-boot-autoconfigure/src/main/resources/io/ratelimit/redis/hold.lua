-- hold.lua: slots that are given back and taken, in a straight line, as in take.lua: releases, or acquisitions of one amount that are granted,
-- or both, that ask one concurrency limit alone, for which nobody waits.
--
-- hold       returns the reply, see main.lua; or nothing, and the header
-- tables     of one permit and one ticket none is made: to make them takes longer than to write what they say
-- invariant  does what the machine would do, or nothing, as shortcut.lua

local SLOTS_FORMAT = '<BBddddsdddddddddddd'

local function hold(released, taken, amount)
  local raw = redis.call('GET', HEADER)
  local number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form, kind, limit, span, longest, used =
    0, 0, sender_stamp, sender_text, FOREVER, 0, 0, LISTED, SLOTS, 0, 0, 0, 0
  local now = clock
  if raw then
    local size, parts, last, _ = string.byte(raw, 1, 2)
    if size ~= 1 or parts ~= 1 then
      return nil, raw
    end
    _, _, last, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form, kind, limit, span, longest, used =
      struct.unpack(SLOTS_FORMAT, raw)
    now = clock > last and clock or last
  else
    limit, span, longest = string.match(text, '^c %S+ (%d+) (%d+) (%d+)$')
    if not limit then
      return nil, raw
    end
    limit, span, longest = tonumber(limit), tonumber(span), tonumber(longest)
  end
  if text ~= sender_text or sender_stamp > stamp or now >= earliest_end or kind ~= SLOTS or form == INDEXED
    or holder_count + taken > FEW_HOLDERS or taken > 0 and amount < 1 then
    return nil, raw
  end

  local fence = number < now and now or number + 1
  local lease_end, hold_end = now + span, longest > 0 and now + longest or 0
  if hold_end > 0 and hold_end < lease_end then
    lease_end = hold_end
  end
  local had_holders, idle_at = holder_count > 0, now
  if released < 2 and taken < 2 and (form == TABLED or holder_count + taken < SOME_HOLDERS) then
    local permit, ticket = ARGV[4], ARGV[4 + released]
    if released == 1 then
      local record = redis.call('HGET', HOLDERS, permit)
      if not record then
        return nil, raw
      end
      local _, granted_at, _, _, slots = struct.unpack('<ddddd', record)
      if slots == 0 then -- it is over, or of another definition
        return nil, raw
      end
      local held_for = now > granted_at and now - granted_at or 0
      used, mean_hold = used - slots, mean_hold == 0 and held_for or math.floor((mean_hold * 7 + held_for) / 8)
    end
    if used + amount * taken > limit or taken == 1 and holder_count > 0 and redis.call('HGET', HOLDERS, ticket) then
      return nil, raw
    end
    -- nothing was written so far
    if taken == 1 then
      redis.call('HSET', HOLDERS, ticket, struct.pack('<ddddd', fence, now, lease_end, hold_end, amount))
    end
    if released == 1 then
      redis.call('HDEL', HOLDERS, permit)
    end
  else
    local records = holder_count > 0 and redis.call('HMGET', HOLDERS, unpack(ARGV, 4, 3 + ids)) or {}
    local seen, gone, kept, long = {}, { nil }, { nil, nil }, nil
    for i = 1, released do
      local permit = ARGV[3 + i]
      if not records[i] or seen[permit] then
        return nil, raw
      end
      local _, granted_at, _, _, slots = struct.unpack('<ddddd', records[i])
      if slots == 0 then -- it is over, or of another definition
        return nil, raw
      end
      seen[permit], gone[i] = true, permit
      local held_for = now > granted_at and now - granted_at or 0
      used, mean_hold = used - slots, mean_hold == 0 and held_for or math.floor((mean_hold * 7 + held_for) / 8)
    end
    if used + amount * taken > limit then
      return nil, raw
    end
    for i = 1, taken do
      local ticket = ARGV[3 + released + i]
      if records[released + i] or seen[ticket] then
        return nil, raw
      end
      seen[ticket], kept[2 * i - 1] = true, ticket
      kept[2 * i] = struct.pack('<ddddd', fence + i - 1, now, lease_end, hold_end, amount)
    end
    -- nothing was written so far
    if form == LISTED and holder_count + taken >= SOME_HOLDERS then
      long, form = string.rep(' ', LONG), TABLED
      kept[2 * taken + 1], kept[2 * taken + 2], gone[released + 1] = long, '', long
    end
    if #kept > 0 then
      redis.call('HSET', HOLDERS, unpack(kept))
    end
    if #gone > 0 then
      redis.call('HDEL', HOLDERS, unpack(gone))
    end
  end

  -- what is kept
  if taken > 0 then
    number, used, idle_at = fence + taken - 1, used + amount * taken, lease_end
    earliest_end = lease_end < earliest_end and lease_end or earliest_end
  end
  holder_count = holder_count + taken - released
  form = holder_count > 0 and form or LISTED
  local extended = idle_at > expires_at
  expires_at = extended and idle_at + EXPIRY_SLACK or expires_at
  local packed = struct.pack(SLOTS_FORMAT, 1, 1, now, number, expires_at, stamp, text, earliest_end, holder_count, mean_hold, form, kind, limit,
    span, longest, used, 0, 0, 0)
  local expiry = math.ceil(expires_at / 1000)
  if extended then
    redis.call('SET', HEADER, packed, 'PXAT', expiry)
  else
    redis.call('SET', HEADER, packed, 'KEEPTTL')
  end
  if holder_count > 0 and (extended or not had_holders) then
    redis.call('PEXPIREAT', HOLDERS, expiry)
  end

  local lease, hold_left = lease_end - now, hold_end > 0 and hold_end - now or 0
  if taken == 0 then
    return struct.pack('<ddddddd', now, 0, 0, 0, 0, used, 0)
  elseif taken == 1 then
    return struct.pack('<dddddddddd', now, 0, 0, 0, 0, used, 0, lease, hold_left, fence)
  end
  local fences = {}
  for i = 1, taken do
    fences[i] = fence + i - 1
  end
  return struct.pack('<ddddddddd' .. string.rep('d', taken), now, 0, 0, 0, 0, used, 0, lease, hold_left, unpack(fences))
end
