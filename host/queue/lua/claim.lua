-- claim hands out up to n jobs, each with its lease, in one step: popping and
-- leasing apart would lose the jobs of a worker that dies in between.
--
-- KEYS[6..] the lists, in the order in which they are to be served
-- ARGV[4] worker      ARGV[5] lease, ms        ARGV[6] n
-- ARGV[7] how many ids are taken apart from a shared list in one call
-- ARGV[8] 'oldest' or 'newest'
-- ARGV[9] '1' when every circle is served      ARGV[10] where to look in limbo
-- ARGV[11] slot       ARGV[12] call: see answer.lua, which stands before this
-- ARGV[13..] the circles served
--
-- Returns {next, jobs, notices}:
--   next     ms until something is due, 0 for at once, -1 for nothing known
--   jobs     {id, list, attempt, run, failures, crashes, {field, ...}}
--   notices  {list, id, text}: what an operator should read

local WORKER, LEASE_MS, WANT, APART = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local NEWEST, EVERYBODY = ARGV[8] == 'newest', ARGV[9] == '1'
local FIRST_CIRCLE = 13

-- How many ids of henge:due and of limbo are looked at in one call.
local DUE_BATCH, LIMBO_BATCH = 100, 32
-- An id in limbo younger than this is likely to get its hash any moment.
local LIMBO_FRESH_MS, LIMBO_AGAIN_MS = 5000, 50

-- Where all circles are served, this many have their turn in one call.
local MOST_CIRCLES = 64

local jobs, notices = {}, {}
local more, turns = false, 0

local served = {[''] = true}
for i = FIRST_CIRCLE, #ARGV do
  served[ARGV[i]] = true
end

local function serves(circle)
  return EVERYBODY or served[circle]
end

local function notice(queue, id, text)
  notices[#notices + 1] = {queue, id, text}
end

local function bury_unread(queue, id, reason)
  local shown = bury(queue, id, reason)
  if #id <= MAX_ID then
    add_reply(id, reason)
  end
  notice(queue, shown, 'dead letter: ' .. reason)
end

-- readable sends away what is no id, and says whether the id is one.
local function readable(queue, id)
  if #id >= 1 and #id <= MAX_ID then
    return true
  end
  bury_unread(queue, id, 'the id is ' .. #id .. ' bytes long: 1 to ' .. MAX_ID .. ' are allowed')
  return false
end

-- unreadable sends away an id whose job cannot be read.
local function unreadable(queue, id, why)
  if why == 'missing' then
    park(queue, id)
  else
    bury_unread(queue, id, why)
  end
end

-- waits_elsewhere reports whether an id is a copy of one that is leased or due.
local function waits_elsewhere(queue, id, state)
  local m = member(queue, id)
  if redis.call('ZSCORE', LEASE, m) then
    return true
  end
  if not state.attempt then
    return false
  end
  local last = state.queue and member(state.queue, id) or m
  return redis.call('ZSCORE', DUE, last) or (last ~= m and redis.call('ZSCORE', LEASE, last))
end

-- take hands out one id, or puts it where it belongs.
local function take(queue, id)
  if not readable(queue, id) then
    return
  end
  local state, why, fields = read_job(id)
  if not state then
    return unreadable(queue, id, why)
  end
  if is_ended(state.status) or waits_elsewhere(queue, id, state) then
    return
  end
  local circle = canonical(fields[1] or '')
  if not serves(circle) then
    return put_back(queue, circle, id)
  end
  -- An ended job whose producer set the status back is dispatched anew.
  local fresh = state.ending and true or false
  local attempt = int(count(state.attempt) + 1)
  local run = count(state.run)
  if fresh or run == 0 then
    run = run + 1
  end
  run = int(run)
  set_started(id, queue, WORKER, attempt, run, fresh)
  redis.call('ZADD', LEASE, int(NOW + LEASE_MS), member(queue, id))
  jobs[#jobs + 1] = {id, queue, attempt, run,
    int(fresh and 0 or count(state.failures)), int(fresh and 0 or count(state.crashes)), fields}
end

-- take_apart moves ids from a shared list to the waiting lists of their circles.
local function take_apart(queue, n)
  local groups, order = {}, {}
  for _, id in ipairs(redis.call('RPOP', queue, n)) do
    if readable(queue, id) then
      local name, why = circle_field(id)
      if name then
        local circle = canonical(name)
        if not groups[circle] then
          groups[circle] = {}
          order[#order + 1] = circle
        end
        table.insert(groups[circle], id)
      else
        unreadable(queue, id, why)
      end
    end
  end
  for _, circle in ipairs(order) do
    redis.call('LPUSH', wait_key(queue, circle), unpack(groups[circle]))
    announce(queue, circle)
  end
end

-- rotation returns the served circles that have something waiting, the one
-- that was served longest ago first. It looks at the shorter of the two:
-- the circles that wait or the circles that are served.
local function rotation(queue)
  local key = circles_key(queue)
  if EVERYBODY then
    return redis.call('ZRANGE', key, 0, MOST_CIRCLES - 1)
  end
  local found = {}
  if redis.call('ZCARD', key) <= #ARGV - FIRST_CIRCLE + 2 then
    for _, circle in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      if serves(circle) then
        found[#found + 1] = circle
      end
    end
    return found
  end
  local at = {}
  for circle in pairs(served) do
    local score = redis.call('ZSCORE', key, circle)
    if score then
      at[circle] = tonumber(score)
      found[#found + 1] = circle
    end
  end
  table.sort(found, function(a, b)
    if at[a] ~= at[b] then
      return at[a] < at[b]
    end
    return a < b
  end)
  return found
end

-- rotate takes one job of each circle in turn until there are enough.
local function rotate(queue)
  local circles, last = rotation(queue), {}
  local looked, tries, alive, full = #circles, 0, #circles, false
  while alive > 0 and not full do
    local still = {}
    for _, circle in ipairs(circles) do
      if #jobs >= WANT or tries >= WANT + APART then
        full = true
        break
      end
      local id = redis.call('RPOP', wait_key(queue, circle))
      if id then
        tries, turns = tries + 1, turns + 1
        last[circle] = turns
        still[#still + 1] = circle
        take(queue, id)
      else
        redis.call('ZREM', circles_key(queue), circle)
        last[circle] = nil
      end
    end
    circles, alive = still, #still
  end
  for circle, turn in pairs(last) do
    if redis.call('EXISTS', wait_key(queue, circle)) == 1 then
      redis.call('ZADD', circles_key(queue), int(NOW_US + turn), circle)
    else
      redis.call('ZREM', circles_key(queue), circle)
    end
  end
  more = more or (#jobs < WANT and (full or looked == MOST_CIRCLES))
end

-- serve takes from one list and from what waits of it.
local function serve(queue)
  local length = redis.pcall('LLEN', queue)
  if failed(length) then
    notice(queue, '', 'this key holds a ' .. redis.call('TYPE', queue).ok .. ', not a list: nothing can be taken from it')
    length = 0
  end
  local waiting = redis.call('EXISTS', circles_key(queue)) == 1

  if NEWEST then
    if waiting then
      rotate(queue)
    end
    local tries = math.min(length, APART)
    while tries > 0 and #jobs < WANT do
      take(queue, redis.call('LPOP', queue))
      tries = tries - 1
    end
    more = more or (#jobs < WANT and length > APART)
    return
  end

  if length > 0 and not waiting and length <= WANT - #jobs then
    for _, id in ipairs(redis.call('RPOP', queue, length)) do
      take(queue, id)
    end
    return
  end
  if length > 0 then
    take_apart(queue, math.min(length, APART))
    waiting = true
  end
  if waiting then
    rotate(queue)
  end
  more = more or (#jobs < WANT and length > APART)
end

local handed_out = again(ARGV[11], ARGV[12], WORKER, LEASE_MS)
if handed_out then
  return {0, handed_out, notices}
end

-- due jobs go back to where they waited.
for _, m in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', int(NOW), 'LIMIT', 0, DUE_BATCH)) do
  local queue, id = split(m)
  if queue then
    redis.call('ZREM', DUE, m)
    local why = requeue(queue, id)
    if why and why ~= 'missing' then
      bury_unread(queue, id, why)
    end
  end
end

-- Limbo: the newest, whose hashes are likely to come, and a slice of the rest.
local in_limbo = redis.call('ZCARD', LIMBO)
if in_limbo > 0 then
  local look = redis.call('ZREVRANGE', LIMBO, 0, LIMBO_BATCH - 1)
  if in_limbo > LIMBO_BATCH then
    local from = tonumber(ARGV[10]) % in_limbo
    for _, m in ipairs(redis.call('ZRANGE', LIMBO, from, from + LIMBO_BATCH - 1)) do
      look[#look + 1] = m
    end
  end
  for _, m in ipairs(look) do
    local queue, id = split(m)
    if queue then
      local circle, why = circle_field(id)
      if circle then
        if redis.call('ZREM', LIMBO, m) == 1 then
          put_front(queue, canonical(circle), id)
        end
      elseif why ~= 'missing' then
        redis.call('ZREM', LIMBO, m)
        bury_unread(queue, id, why)
      end
    end
  end
end

for i = 6, #KEYS do
  if #jobs >= WANT then
    break
  end
  if redis.pcall('SISMEMBER', PAUSED, KEYS[i]) ~= 1 then
    serve(KEYS[i])
  end
end

if #jobs > 0 then
  remember(ARGV[11], ARGV[12], WORKER, LEASE_MS, jobs)
end

local next_ms = -1
if more then
  next_ms = 0
else
  local due = redis.call('ZRANGE', DUE, 0, 0, 'WITHSCORES')
  if due[2] then
    next_ms = math.max(0, tonumber(due[2]) - NOW)
  end
  local newest = redis.call('ZREVRANGE', LIMBO, 0, 0, 'WITHSCORES')
  if newest[2] and NOW - tonumber(newest[2]) < LIMBO_FRESH_MS then
    next_ms = next_ms < 0 and LIMBO_AGAIN_MS or math.min(next_ms, LIMBO_AGAIN_MS)
  end
end
return {next_ms, jobs, notices}
