-- take.lua: the commonest call of all, in a straight line: acquisitions that ask one sliding window alone, for which nobody waits, and that are
-- granted. The numbers of the header stand in local variables, so next to no table is made: that saves Redis a third of what the call
-- would take in shortcut.lua.
--
-- take       returns the first text of the reply, see main.lua; or nothing, and the header
-- texts      every text that a script makes is read byte by byte for its hash: few are made, and of a long log only the end is written
-- invariant  does what the machine would do, or nothing, as shortcut.lua

local WINDOW_FORMAT, WHOLE_FORMAT = '<BBddddsdddddddd', '<BBddddsddddddddc0I7I4'
local LONG_LOG = 176

local function take(header_key, sender_text, sender_stamp, count, amount)
  local raw = redis.call('GET', header_key)
  local number, expires_at, stamp, text, kind, limit, span, debt, used, newest_first = 0, 0, sender_stamp, sender_text, WINDOW, 0, 0, 0, 0, 0
  local now, from, bytes = clock, 1, 0
  if raw then
    local size, parts, last, _
    size, parts, last, number, expires_at, stamp, text, kind, limit, span, debt, used, bytes, newest_first, _, from =
      struct.unpack(WINDOW_FORMAT, raw)
    if size > 1 or parts > 0 then
      return nil, raw
    end
    now = clock > last and clock or last
  else
    limit, span = string.match(text, '^s %S+ (%d+) (%d+) ')
    if not limit then
      return nil, raw
    end
    limit, span = tonumber(limit), tonumber(span)
  end
  if text ~= sender_text or sender_stamp > stamp or kind ~= WINDOW or debt > 0 or amount < 1 then
    return nil, raw
  end

  -- what leaves the window
  local begin = from
  local latest, newest_amount, oldest_latest = 0, 0, now
  if bytes > 0 then
    latest, newest_amount = struct.unpack(ENTRY_FORMAT, raw, from + bytes - ENTRY_LENGTH)
    if latest < now - span then
      used, bytes = 0, 0
    elseif bytes > ENTRY_LENGTH then
      local oldest_amount
      oldest_latest, oldest_amount = struct.unpack(ENTRY_FORMAT, raw, from)
      while oldest_latest < now - span do
        used, bytes, from = used - oldest_amount, bytes - ENTRY_LENGTH, from + ENTRY_LENGTH
        oldest_latest, oldest_amount = struct.unpack(ENTRY_FORMAT, raw, from)
      end
    end
  end
  local taken = amount * count
  if used + taken > limit then
    return nil, raw
  end

  -- what is kept: nothing was written so far
  local fence = number < now and now or number + 1
  local extended = now + span + 1 > expires_at
  number, used = fence + count - 1, used + taken
  expires_at = extended and now + span + 1 + EXPIRY_SLACK or expires_at
  if bytes > 0 and (latest == now or bytes >= EXACT_ENTRIES * ENTRY_LENGTH and (now - newest_first) * EXACT_ENTRIES < span) then
    bytes, newest_amount = bytes - ENTRY_LENGTH, newest_amount + taken
  else
    oldest_latest = bytes == ENTRY_LENGTH and latest or oldest_latest
    newest_first, newest_amount = now, taken
  end
  local length = bytes + ENTRY_LENGTH
  if bytes >= LONG_LOG and from == begin and not extended then
    redis.call('SETRANGE', header_key, 0, struct.pack(WINDOW_FORMAT, 1, 0, now, number, expires_at, stamp, text, kind, limit, span, debt, used,
      length, newest_first, 0))
    redis.call('SETRANGE', header_key, from + bytes - 1, struct.pack(ENTRY_FORMAT, now, newest_amount))
  else
    local kept = bytes > 0 and string.sub(raw, from, from + bytes - 1) or ''
    local packed = struct.pack(WHOLE_FORMAT, 1, 0, now, number, expires_at, stamp, text, kind, limit, span, debt, used, length, newest_first, 0,
      kept, now, newest_amount)
    if extended then
      redis.call('SET', header_key, packed, 'PXAT', math.ceil(expires_at / 1000))
    else
      redis.call('SET', header_key, packed, 'KEEPTTL')
    end
  end

  local reset = (bytes > 0 and oldest_latest or now) + span + 1 - now
  if count == 1 then
    return struct.pack('<dddddddddd', now, 0, 0, 0, 0, used, reset, 0, 0, fence)
  end
  local fences = {}
  for i = 1, count do
    fences[i] = fence + i - 1
  end
  return struct.pack('<ddddddddd' .. string.rep('d', count), now, 0, 0, 0, 0, used, reset, 0, 0, unpack(fences))
end
