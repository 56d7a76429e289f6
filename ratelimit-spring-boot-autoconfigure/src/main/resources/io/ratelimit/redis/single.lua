-- single.lua: tries the straight lines for a single limit.
--
-- raw        the header, or false: from here on it is known
-- invariant  an operation on one limit that takes nothing else is as long as its code and its arguments; longer calls are shortcut.lua's

local raw
if sender_size == 1 then
  local length, operation, count, other, taken, amount = #ARGV[3], nil, nil, nil, nil, nil
  if length == LENGTH_OF_RELEASES then
    operation, count = struct.unpack('<dd', ARGV[3], FIRST_OPERATION)
  elseif length == LENGTH_OF_ACQUISITIONS then
    operation, count, other = struct.unpack('<ddd', ARGV[3], FIRST_OPERATION)
  elseif length == LENGTH_OF_RELEASES_AND_ACQUISITIONS then
    operation, count, other, taken, amount = struct.unpack('<ddddd', ARGV[3], FIRST_OPERATION)
  end
  local reply
  if operation == TAKE and length == LENGTH_OF_ACQUISITIONS then
    reply, raw = take(HEADER, sender_text, sender_stamp, count, other)
  elseif operation == RELEASE and length == LENGTH_OF_RELEASES then
    reply, raw = hold(count, 0, 0)
  elseif operation == RELEASE and length == LENGTH_OF_RELEASES_AND_ACQUISITIONS and other == ACQUIRE then
    reply, raw = hold(count, taken, amount)
  elseif operation == ACQUIRE and length == LENGTH_OF_ACQUISITIONS then
    reply, raw = hold(0, count, other)
  end
  if reply then
    return reply
  end
end
if raw == nil then
  raw = redis.call('GET', HEADER)
end
