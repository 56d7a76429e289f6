-- clock.lua: the time that everything else goes by.
--
-- reply      microseconds since the epoch, by the clock of this Redis
-- invariant  read once per call. A file of its own, so that tests can join another one that is given the time in an argument
--            behind all others.

local CLOCK_ARGUMENTS = 0

local function read_clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
