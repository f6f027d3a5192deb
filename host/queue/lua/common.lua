-- common: what the scripts of every dialect do alike. It comes after the
-- dialect's part and uses its functions.

-- member names a job in the sorted sets. The id comes last, so an id with '|'
-- or a newline in it can still be told apart; the other two never hold '|'.
local function member(queue, id)
  return DIALECT .. '|' .. queue .. '|' .. id
end

-- split returns a member's queue and id, or nil for another dialect's.
local function split(m)
  local a = string.find(m, '|', 1, true)
  local b = a and string.find(m, '|', a + 1, true)
  if not b or string.sub(m, 1, a - 1) ~= DIALECT then
    return nil
  end
  return string.sub(m, a + 1, b - 1), string.sub(m, b + 1)
end

-- canonical returns a circle's name as it is compared: hex keys in lower case,
-- other names as they are, and '' for what is no valid name (job.ParseCircle
-- has the same rule; a test keeps the two together). A job of circle '' is
-- anybody's, and ends in error at once.
local function canonical(name)
  local n = #name
  if (n == 64 or n == 66 or n == 130) and not string.find(name, '[^0-9a-fA-F]') then
    return string.lower(name)
  end
  if n >= 1 and n <= 64 and string.find(name, '^[0-9A-Za-z]') and not string.find(name, '[^0-9A-Za-z._-]') then
    return name
  end
  return ''
end

local function wait_key(queue, circle)
  return 'henge:wait:' .. DIALECT .. '|' .. queue .. '|' .. circle
end

-- The circles that have something waiting from a list, by the time (in
-- microseconds) that they were last served.
local function circles_key(queue)
  return 'henge:circles:' .. DIALECT .. '|' .. queue
end

-- A circle that comes in stands behind those that wait already: with a lower
-- score, one that sends a job at a time would always be first.
local function announce(queue, circle)
  redis.call('ZADD', circles_key(queue), 'NX', int(NOW_US), circle)
end

local function put_back(queue, circle, id)
  redis.call('LPUSH', wait_key(queue, circle), id)
  announce(queue, circle)
end

local function put_front(queue, circle, id)
  redis.call('RPUSH', wait_key(queue, circle), id)
  announce(queue, circle)
end

-- park keeps an id whose job is not there (yet).
local function park(queue, id)
  redis.call('ZADD', LIMBO, 'NX', int(NOW), member(queue, id))
end

-- bury makes an id a dead letter and tells the producer. The job itself, where
-- there is one, is for the caller to end.
local function bury(queue, id, reason)
  local shown = id
  if #id > MAX_ID then
    shown = string.sub(id, 1, 64) .. '...'
  end
  redis.call('ZADD', DEAD, int(NOW), DIALECT .. '|' .. queue .. '|' .. string.gsub(reason, '|', '/') .. '|' .. shown)
  redis.call('PEXPIRE', DEAD, int(DEAD_TTL))
  local over = redis.call('ZCARD', DEAD) - DEAD_MAX
  if over > 0 then
    redis.call('ZREMRANGEBYRANK', DEAD, 0, over - 1)
  end
  return shown
end

-- requeue puts a job to the front of its circle's waiting list. It returns
-- why when the job cannot be read: 'missing' means it is in limbo now.
local function requeue(queue, id)
  local circle, why = circle_field(id)
  if circle then
    put_front(queue, canonical(circle), id)
    return nil
  end
  if why == 'missing' then
    park(queue, id)
  end
  return why
end

-- holds is the fence: the job is this worker's as long as attempt and worker
-- are the ones of its claim and the lease stands. It returns the job's state,
-- or nil and what was read.
local function holds(queue, id, attempt, worker)
  local state = read_state(id)
  if state and state.attempt == attempt and state.worker == worker and
    redis.call('ZSCORE', LEASE, member(queue, id)) then
    return state
  end
  return nil, state
end
