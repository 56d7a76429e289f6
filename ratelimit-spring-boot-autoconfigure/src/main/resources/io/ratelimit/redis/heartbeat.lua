-- heartbeat.lua: a sign of life of an instance. A script of its own, behind clock.lua.
--
-- KEYS[1]    instances (sorted set): name -> end of the sign of life, microseconds since the epoch
-- ARGV[1]    name of the instance
-- ARGV[2]    how long the sign counts, microseconds; 0: the instance leaves
-- reply      { live instances, time (us) }
-- invariant  an instance is live until the end of its last sign; the set expires with the last of them.

local now = clock
local lease = tonumber(ARGV[2])
if lease > 0 then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + lease), ARGV[1])
  local last_end = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil((last_end - now) / 1000) + 1000))
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
return { redis.call('ZCARD', KEYS[1]), now }
