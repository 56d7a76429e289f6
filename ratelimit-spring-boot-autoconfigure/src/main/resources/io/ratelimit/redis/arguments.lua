-- arguments.lua: what a caller sends.
--
-- KEYS[1]    header of the partition (string)      KEYS[2]  holders (hash)      KEYS[3]  entries of sliding windows (hash)
-- ARGV[1]    stamp of the caller's definition, microseconds since the epoch
-- ARGV[2]    the caller's limits as text, joined by ';':
--              c <name> <limit> <lease, us> <max hold, us; 0: none>     a concurrency limit
--              s <name> <limit> <window, us> 0                          a sliding-window rate limit
-- ARGV[3]    n, the number of those limits
-- ARGV[4..]  operations, one behind the other; amounts are n numbers, in the order of the limits, 0: not asked
--              acquire  ticket amounts
--              cancel   ticket granted-at(us; 0: unknown) amounts
--              release  permit
--              renew    count { permit fence granted-at(us) lease-left(us) hold-left(us; 0: no maximum) amounts }
--              inspect  most-holders
-- invariant  everything is read, and refused if malformed, before anything is written.

local HEADER, HOLDERS, ENTRIES = KEYS[1], KEYS[2], KEYS[3]

local sender = { stamp = tonumber(ARGV[1]), text = ARGV[2], size = tonumber(ARGV[3]) }

local function parse_limits(text)
  local limits = {}
  for part in string.gmatch(text, '[^;]+') do
    local kind, name, limit, span, hold = string.match(part, '^(%a) (%S+) (%d+) (%d+) (%d+)$')
    limits[#limits + 1] =
      { kind = kind, name = name, limit = tonumber(limit), span = tonumber(span), hold = tonumber(hold) }
  end
  return limits
end

local function read_operations()
  local position = 3
  local function text()
    position = position + 1
    return ARGV[position]
  end
  local function number()
    return assert(tonumber(text()), 'not a number')
  end
  local function amounts()
    local list = {}
    for i = 1, sender.size do
      list[i] = number()
    end
    return list
  end
  local operations = {}
  while position < #ARGV - CLOCK_ARGUMENTS do
    local operation = { name = text() }
    if operation.name == 'acquire' then
      operation.ticket, operation.amounts = text(), amounts()
    elseif operation.name == 'cancel' then
      operation.ticket, operation.granted_at, operation.amounts = text(), number(), amounts()
    elseif operation.name == 'release' then
      operation.permit = text()
    elseif operation.name == 'renew' then
      operation.permits = {}
      for i = 1, number() do
        operation.permits[i] = {
          permit = text(), fence = number(), granted_at = number(),
          lease_left = number(), hold_left = number(), amounts = amounts(),
        }
      end
    elseif operation.name == 'inspect' then
      operation.most = number()
    else
      error('unknown operation')
    end
    operations[#operations + 1] = operation
  end
  return operations
end
