-- take.lua: the commonest call of all, in a straight line: acquisitions that ask one sliding window alone, for which nobody waits, and that are
-- granted. The numbers of the header stand in local variables, so next to no table is made: that saves Redis a third of what the call
-- would take in shortcut.lua.
--
-- take       returns the first text of the reply, see main.lua; or nothing, and the header
-- invariant  does what the machine would do, or nothing, as shortcut.lua

local WINDOW_FORMAT = '<Bdddddddddddddddddsdddddddddddddd'

local function take(header_key, entries_key, sender_text, sender_stamp, count, amount)
  local raw = redis.call('GET', header_key)
  if raw and string.byte(raw) > 1 then
    return nil, raw
  end
  local size, last, number, expires_at, earliest_end, earliest_live, holder_count, entry_count, queued, mean_hold, stamp, told_score,
    told_time, sweep_from, last_limit_id, head_score, stuck_until, indexed, text =
    1, 0, 0, 0, FOREVER, FOREVER, 0, 0, 0, 0, sender_stamp, 0, 0, 0, 1, 0, 0, 0, sender_text
  local kind, limit, span, debt, used, id, entries, index, newest_first, newest_latest, newest_amount, oldest_first, oldest_latest,
    oldest_amount = WINDOW, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0
  if raw then
    size, last, number, expires_at, earliest_end, earliest_live, holder_count, entry_count, queued, mean_hold, stamp, told_score,
      told_time, sweep_from, last_limit_id, head_score, stuck_until, indexed, text, kind, limit, span, debt, used, id, entries, index,
      newest_first, newest_latest, newest_amount, oldest_first, oldest_latest, oldest_amount = struct.unpack(WINDOW_FORMAT, raw)
  else
    limit, span = string.match(text, '^s %S+ (%d+) (%d+) ')
    if not limit then
      return nil, raw
    end
    limit, span = tonumber(limit), tonumber(span)
  end
  local now = clock > last and clock or last
  if text ~= sender_text or sender_stamp > stamp or now >= earliest_end or earliest_live < FOREVER or holder_count > 0 or queued > 0
    or kind ~= WINDOW or debt > 0 or amount < 1 then
    return nil, raw
  end

  -- what leaves the window
  local expired, left_at = nil, now - span
  if entries > 0 and newest_latest < left_at then
    if entries > 2 then
      expired = {}
      for i = 1, entries - 2 do
        expired[i] = id .. ':' .. index + i
      end
    end
    used, entries = 0, 0
  end
  while entries > 1 and oldest_latest < left_at do
    used, entries, index = used - oldest_amount, entries - 1, index + 1
    if entries > 1 then
      expired = expired or {}
      expired[#expired + 1] = id .. ':' .. index
      oldest_first, oldest_latest, oldest_amount = struct.unpack(ENTRY_FORMAT, redis.call('HGET', entries_key, expired[#expired]))
      oldest_latest = oldest_first + oldest_latest
    end
  end
  local taken = amount * count
  if used + taken > limit then
    return nil, raw
  end

  -- what is kept: nothing was written so far
  local had_entries = entry_count > (expired and #expired or 0)
  if expired then
    entry_count = entry_count - redis.call('HDEL', entries_key, unpack(expired))
  end
  if entries > 0 and newest_latest == now or entries >= EXACT_ENTRIES and (now - newest_first) * EXACT_ENTRIES < span then
    newest_amount = newest_amount + taken
  else
    if entries == 1 then
      oldest_first, oldest_latest, oldest_amount = newest_first, newest_latest, newest_amount
    elseif entries > 1 then
      local entry = struct.pack(ENTRY_FORMAT, newest_first, newest_latest - newest_first, newest_amount)
      entry_count = entry_count + redis.call('HSET', entries_key, id .. ':' .. index + entries - 1, entry)
    end
    newest_first, newest_amount, entries = now, taken, entries + 1
  end
  newest_latest, used = now, used + taken
  local fence = number < now and now or number + 1
  number = fence + count - 1
  local extended = now + span + 1 > expires_at
  expires_at = extended and now + span + 1 + EXPIRY_SLACK or expires_at
  local packed = struct.pack(WINDOW_FORMAT, 1, now, number, expires_at, earliest_end, earliest_live, holder_count, entry_count, queued,
    mean_hold, stamp, told_score, told_time, sweep_from, last_limit_id, head_score, stuck_until, indexed, text, kind, limit, span, debt, used,
    id, entries, index, newest_first, newest_latest, newest_amount, oldest_first, oldest_latest, oldest_amount)
  if extended then
    redis.call('SET', header_key, packed, 'PXAT', math.ceil(expires_at / 1000))
  else
    redis.call('SET', header_key, packed, 'KEEPTTL')
  end
  if entry_count > 0 and (extended or not had_entries) then
    redis.call('PEXPIREAT', entries_key, math.ceil(expires_at / 1000))
  end

  local reset = (entries > 1 and oldest_latest or newest_latest) + span + 1 - now
  if count == 1 then
    return struct.pack('<dddddddddd', now, 0, 0, 0, 0, used, reset, 0, 0, fence)
  end
  local fences = {}
  for i = 1, count do
    fences[i] = fence + i - 1
  end
  return struct.pack('<ddddddddd' .. string.rep('d', count), now, 0, 0, 0, 0, used, reset, 0, 0, unpack(fences))
end
