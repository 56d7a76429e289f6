-- takes.lua: one call, the acquisitions of take.lua from several partitions that live on one server: what the call itself costs, and reading
-- the clock, is paid once.
--
-- KEYS       of each partition: its header, see header.lua
-- ARGV[1]    packed doubles, for each partition: which of the texts its limits are, stamp, count, amount
-- ARGV[2..]  the texts of limits
-- reply      for each partition the first text of the reply that it would have alone; none: nothing was done, it is to be asked alone
-- invariant  an error of one partition, such as a key of somebody else's, concerns no other

local replies = {}
local position = 1
for i = 1, #KEYS do
  local text, stamp, count, amount
  text, stamp, count, amount, position = struct.unpack('<dddd', ARGV[1], position)
  local done, packed = pcall(take, KEYS[i], ARGV[1 + text], stamp, count, amount)
  replies[i] = done and packed or false
end
return replies
