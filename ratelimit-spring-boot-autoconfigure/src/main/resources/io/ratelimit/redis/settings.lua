-- settings.lua: what all instances are told at run time. A script of its own, behind clock.lua.
--
-- KEYS[1]    settings (hash): name -> value; never expires
-- ARGV       changes: name, value, one pair behind the other; a value of '' removes the name
-- reply      { time (us), name, value, ... }
-- invariant  all changes of a call are seen together.

for i = 1, #ARGV - CLOCK_ARGUMENTS, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
local reply = redis.call('HGETALL', KEYS[1])
table.insert(reply, 1, clock)
return reply
