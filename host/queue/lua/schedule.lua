-- schedule: where the schedules of a circle C are. Their names are in the
-- sorted set henge:{C}:schedules, by when a worker is to look at them next; each
-- is a hash henge:{C}:schedule:{name}, whose field next is the tick waited for.

local function schedule_key(set, name)
  return string.sub(set, 1, -2) .. ':' .. name
end

-- look_at says when a schedule is to be looked at: at a tick, ms, or at no
-- time, ''.
local function look_at(set, name, tick)
  redis.call('ZADD', set, tick == '' and '+inf' or tick, name)
end

-- unlist takes a name out of a circle's schedules, and the circle out of those
-- that have some. It returns how many names there were, 0 or 1.
local function unlist(set, name, circles, circle)
  local n = redis.call('ZREM', set, name)
  if circles and redis.call('EXISTS', set) == 0 then
    redis.call('SREM', circles, circle)
  end
  return n
end
