-- clock.lua: the time that everything else goes by.
--
-- clock      microseconds since the epoch, by the clock of this Redis
-- invariant  read once per call. A file of its own, so that tests can join another one that is given the time in an argument
--            behind all others.

local CLOCK_ARGUMENTS = 0

local time = redis.call('TIME')
local clock = time[1] * 1000000 + time[2]
