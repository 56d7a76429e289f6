-- arguments.lua: what a caller sends.
--
-- KEYS       of the partition: header (string), holders (hash), ends of holders (sorted set), queue (sorted set), tickets (hash),
--            live instances (hash)
-- ARGV[1]    the caller's limits as text, joined by ';':
--              c <name> <limit> <lease, us> <max hold, us; 0: none>     a concurrency limit
--              s <name> <limit> <window, us> 0                          a sliding-window rate limit
--              f <name> <limit> <window, us> 0                          a fixed-window rate limit
--              t <name> <limit> <window, us> <burst>                    a token-bucket rate limit; l: a leaky-bucket
-- ARGV[2]    name of the calling instance
-- ARGV[3]    packed doubles: stamp of the caller's definition (us since the epoch); n, the number of its limits; how long a sign of life of an
--            instance that waits counts, us; m, the number of ids; then operations, one behind the other, each a code and its arguments;
--            amounts are n numbers, in the order of the limits, 0: not asked. First those that give something back, then those that take:
--              1 release   count                                         an id each: permits
--              4 cancel    granted-at(us; 0: unknown) amounts            its id is a ticket, here and below
--              5 update    limit(its place) difference charged-at(us)    no id. Above 0: charges that much now; below: refunds
--              6 evict     0                                             its id is a permit
--              7 forgive   0                                             no id
--              8 withdraw  amounts
--              9 renew     permits tickets { fence granted-at(us) lease-left(us) hold-left(us; 0: no maximum) amounts }
--                          { sequence priority wait-left(us) amounts }   an id for each permit, then for each ticket
--              2 acquire   count amounts                                 an id each: acquisitions that do not wait
--              3 wait      max-wait(us) priority max-queue amounts       an acquisition that may wait
--              11 take     count amounts                                 no id. Acquisitions that do not wait and ask for rates alone: nothing
--                                                                        is kept of them that an id would name
--              10 inspect  most
-- ARGV[4..]  m ids: the tickets and permits of the operations, in their order
-- invariant  a call holds at most 128 ids.

local HEADER, HOLDERS, ENDS, QUEUE, TICKETS, LIVE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local RELEASE, ACQUIRE, WAIT, CANCEL, UPDATE, EVICT, FORGIVE, WITHDRAW, RENEW, INSPECT, TAKE = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
local FIRST_OPERATION = 33
local LENGTH_OF_RELEASES, LENGTH_OF_ACQUISITIONS, LENGTH_OF_RELEASES_AND_ACQUISITIONS = 48, 56, 72

local sender_text, sender_instance = ARGV[1], ARGV[2]
local sender_stamp, sender_size, sender_lease, ids = struct.unpack('<dddd', ARGV[3])
