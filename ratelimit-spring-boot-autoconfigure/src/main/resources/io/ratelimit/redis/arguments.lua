-- arguments.lua: what a caller sends.
--
-- KEYS       of the partition: header (string), holders (hash), ends of holders (sorted set), entries of sliding windows and buckets (hash),
--            queue (sorted set), tickets (hash), live instances (hash)
-- ARGV[1]    stamp of the caller's definition, microseconds since the epoch
-- ARGV[2]    the caller's limits as text, joined by ';':
--              c <name> <limit> <lease, us> <max hold, us; 0: none>     a concurrency limit
--              s <name> <limit> <window, us> 0                          a sliding-window rate limit
--              f <name> <limit> <window, us> 0                          a fixed-window rate limit
--              t <name> <limit> <window, us> <burst>                    a token-bucket rate limit; l: a leaky-bucket
-- ARGV[3]    n, the number of those limits
-- ARGV[4]    name of the calling instance
-- ARGV[5]    how long a sign of life of an instance that waits counts, us
-- ARGV[6]    m, the number of ids; behind it m ids: the tickets and permits of the operations, in their order
-- then       operations, one behind the other; amounts are n numbers, in the order of the limits, 0: not asked. First those that give
--            something back, then those that take:
--              release   count                                         an id each: permits
--              cancel    granted-at(us; 0: unknown) amounts            its id is a ticket, here and below
--              update    limit(its place) difference charged-at(us)    no id. Above 0: charges that much now; below: refunds
--              evict                                                   its id is a permit
--              forgive                                                 no id
--              withdraw  amounts
--              renew     instance permits tickets { fence granted-at(us) lease-left(us) hold-left(us; 0: no maximum) amounts }
--                        { sequence priority wait-left(us) amounts }   an id for each permit, then for each ticket
--              acquire   count amounts                                 an id each: acquisitions that do not wait
--              wait      max-wait(us) priority max-queue amounts       an acquisition that may wait
--              inspect   most
-- invariant  a call holds at most 128 ids.

local HEADER, HOLDERS, ENDS, ENTRIES, QUEUE, TICKETS, LIVE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]

local sender_text, sender_size, sender_instance, sender_lease = ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5])
local ids = tonumber(ARGV[6])
local last_id = 6
local position = 6 + ids

local function next_text()
  position = position + 1
  return ARGV[position]
end

local function next_number()
  position = position + 1
  return tonumber(ARGV[position])
end

local function next_id()
  last_id = last_id + 1
  return ARGV[last_id]
end

local function next_amounts()
  local amounts = {}
  for i = 1, sender_size do
    amounts[i] = tonumber(ARGV[position + i])
  end
  position = position + sender_size
  return amounts
end
