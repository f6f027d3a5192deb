-- schedule_due says which schedules are due.
--
-- KEYS[1..] schedules of circles
-- ARGV[8] most names of each  ARGV[9] the longest name, bytes
-- ARGV[10] after how many names it looks at no more keys
--
-- Returns {looked, now, next, due, notices}
--   looked   how many of KEYS, from the first, it has looked at
--   now      the server's time, ms
--   next     ms until another one of these is due, -1 for none within a day
--   due      {position in KEYS from 1, name, dialect}
--   notices  {key, '', text}

local DAY = 24 * 60 * 60 * 1000

local next_ms, due, notices = -1, {}, {}
local looked = 0
for i, set in ipairs(KEYS) do
  if #due >= tonumber(ARGV[10]) then
    break
  end
  looked = i
  local found = redis.pcall('ZRANGEBYSCORE', set, '-inf', NOW_TEXT, 'LIMIT', 0, ARGV[8])
  if failed(found) then
    notices[#notices + 1] = {set, '', 'holds a ' .. redis.call('TYPE', set).ok .. ', not a sorted set: none of these schedules is run'}
  else
    for _, name in ipairs(found) do
      if #name > tonumber(ARGV[9]) then
        redis.call('ZREM', set, name)
        notices[#notices + 1] = {set, '', 'held a name of ' .. #name .. ' bytes, which no schedule has: it was taken out'}
      else
        local dialect = redis.pcall('HGET', schedule_key(set, name), 'dialect')
        due[#due + 1] = {i, name, type(dialect) == 'string' and dialect or ''}
      end
    end
    local first = redis.call('ZRANGEBYSCORE', set, '(' .. NOW_TEXT, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    local at = tonumber(first[2] or '')
    if at and at < NOW + DAY and (next_ms < 0 or at - NOW < next_ms) then
      next_ms = at - NOW
    end
  end
end
return {looked, NOW_TEXT, int(next_ms), due, notices}
