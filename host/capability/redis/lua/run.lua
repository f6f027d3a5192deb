-- run: carries out commands of one circle and keeps account of its memory.
-- KEYS[1]  the circle's ledger
-- KEYS[2]  the sum of the ledger
-- KEYS[3…] the keys of all commands, one command behind the other
-- ARGV[1]  how long the circle's prefix is
-- ARGV[2]  the most that the circle may have, in bytes
-- ARGV[3]  the most that one key may have
-- ARGV[4]  the most that the replies may have together
-- ARGV[5]  after how many bytes gone through to stop between two commands
-- ARGV[6]  1 to stop in front of a command for which there is no room
-- ARGV[7…] of each command: flags, growth, number of keys, number of arguments,
--          the arguments with the name first. Flags: w writes, g may grow,
--          d makes a key out of the others, e growth is where the value ends,
--          p takes as much again for later, x look at its keys in full, m moves what it returns, i an integer to
--          be exact, s has a small reply, 3 has one of RESP3
-- Returns  the size of the replies, then one for each command that was reached.
--          Errors of henge's own are HENGESWEEP (stopped for want of room),
--          HENGEQUOTA, HENGEKEY and HENGEREPLY.
ledger, used_key, prefix = KEYS[1], KEYS[2], tonumber(ARGV[1])
local quota, most_key, most_reply = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local most_work, may_sweep = tonumber(ARGV[5]), ARGV[6] == '1'

-- What a command counts for beside the keys that it may go through.
local command_work = 16384

local used = tonumber(call('GET', used_key) or '0') or 0
local several = #ARGV > 10 + tonumber(ARGV[10])
local replies, size, work = {}, 0, 0

local function has(flags, flag) return find(flags, flag, 1, true) end

local function size_of(v)
  if type(v) == 'string' then return #v + 16 end
  if type(v) ~= 'table' then return 16 end
  local n = 16
  for k, e in pairs(v) do
    n = n + size_of(e)
    if type(k) == 'string' then n = n + #k end
  end
  return n
end

-- Says why a command may not run, or nothing.
local function refuse(flags, keys, growth)
  local sum = 0
  if #keys > 1 and not has(flags, 's') then
    for _, key in ipairs(keys) do sum = sum + (entry(key)) end
  end
  if not has(flags, 'w') and sum > most_reply then return 'HENGEREPLY' end
  if not has(flags, 'g') then return nil end
  if has(flags, 'd') then
    if sum > most_key then return 'HENGEKEY' end
    growth = growth + 2 * sum
  elseif has(flags, 'e') then
    if growth > most_key then return 'HENGEKEY' end
    growth = math.max(0, growth - (entry(keys[1])))
  end
  if has(flags, 'p') then
    growth = growth + math.min((entry(keys[1])), 1048576)
  end
  if used + growth > quota then return 'HENGEQUOTA' end
  if has(flags, 'd') or has(flags, 'e') then return nil end
  for _, key in ipairs(keys) do
    local bound, base = entry(key)
    if bound + growth > most_key and bound - base > base / 16 then
      local change = weigh(key, 0, true)
      used = used + change
      add_used(change)
      bound = entry(key)
    end
    if bound + growth > most_key then return 'HENGEKEY' end
  end
  return nil
end

-- A number of Lua is exact up to 2^53 alone.
local function exact_integer(arguments, reply)
  if type(reply) ~= 'number' or math.abs(reply) < 2 ^ 53 then return reply end
  if string.upper(arguments[1]) == 'HINCRBY' then
    return call('HGET', arguments[2], arguments[3])
  end
  return call('GET', arguments[2])
end

-- What the keys of a command can make it go through.
local function work_of(keys)
  if not several then return 0 end
  local n = 0
  for _, key in ipairs(keys) do n = n + (entry(key)) end
  return n
end

local function carry_out(flags, keys, growth, arguments)
  if has(flags, '3') then redis.setresp(3) end
  local reply = redis.pcall(unpack(arguments))
  if has(flags, '3') then redis.setresp(2) end
  if reply == nil then reply = false end
  if type(reply) == 'table' and reply.err then return reply end
  if has(flags, 'i') then reply = exact_integer(arguments, reply) end
  if has(flags, 'w') then
    local charge = has(flags, 'g') and growth or 0
    if has(flags, 'm') and type(reply) == 'string' then charge = charge + #reply end
    local change = 0
    for _, key in ipairs(keys) do change = change + weigh(key, charge, has(flags, 'x')) end
    used = used + change
    add_used(change)
  end
  return reply
end

local at, next_key = 7, 3
while at <= #ARGV do
  local flags, keys, arguments = ARGV[at], {}, {}
  local growth, n, argc = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  for i = 1, n do keys[i] = KEYS[next_key + i - 1] end
  for i = 1, argc do arguments[i] = ARGV[at + 3 + i] end

  local why = size >= most_reply and 'HENGEREPLY' or refuse(flags, keys, growth)
  local reply
  if why == 'HENGEQUOTA' and may_sweep then
    replies[#replies + 1] = { err = 'HENGESWEEP stopped' }
    break
  elseif why then
    reply = { err = why .. ' refused' }
  else
    reply = carry_out(flags, keys, growth, arguments)
    work = work + command_work + work_of(keys)
  end
  replies[#replies + 1] = reply
  at, next_key = at + 4 + argc, next_key + n
  if several then size = size + size_of(reply) end
  if work > most_work then break end
end
table.insert(replies, 1, size)
return replies
