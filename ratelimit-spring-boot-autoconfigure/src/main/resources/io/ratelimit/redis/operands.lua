-- operands.lua: reads the operations of a call, see arguments.lua.

local operands = { struct.unpack('<' .. string.rep('d', (#ARGV[3] - FIRST_OPERATION + 1) / 8), ARGV[3], FIRST_OPERATION) }
operands[#operands] = nil -- where reading ended
local position, last_id = 0, 3

local function next_number()
  position = position + 1
  return operands[position]
end

local function next_id()
  last_id = last_id + 1
  return ARGV[last_id]
end

local function next_amounts()
  local amounts = { unpack(operands, position + 1, position + sender_size) }
  position = position + sender_size
  return amounts
end
