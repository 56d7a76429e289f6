-- given_clock.lua: for tests: the time is the last argument, microseconds since the epoch.

local CLOCK_ARGUMENTS = 1

local clock = tonumber(ARGV[#ARGV])
