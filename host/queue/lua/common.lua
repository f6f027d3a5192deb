-- common: what the scripts do alike for every dialect. A job is named by its
-- dialect d, its list and its id.

-- member names a job in the sorted sets. The id comes last, so an id with '|'
-- or a newline in it can still be told apart; the other two never hold '|'.
local function member(d, queue, id)
  return d.name .. '|' .. queue .. '|' .. id
end

-- split returns a member's dialect, queue and id, or nil for what this
-- version does not know.
local function split(m)
  local a = string.find(m, '|', 1, true)
  local b = a and string.find(m, '|', a + 1, true)
  local d = b and dialect(string.sub(m, 1, a - 1))
  if not d then
    return nil
  end
  return d, string.sub(m, a + 1, b - 1), string.sub(m, b + 1)
end

local function wait_key(d, queue, circle)
  return 'henge:wait:' .. d.name .. '|' .. queue .. '|' .. circle
end

-- The circles that have something waiting from a shared list, by the time (in
-- microseconds) that they were last served.
local function circles_key(d, queue)
  return 'henge:circles:' .. d.name .. '|' .. queue
end

-- A circle that comes in stands behind those that wait already: with a lower
-- score, one that sends a job at a time would always be first.
local function announce(d, queue, circle)
  redis.call('ZADD', circles_key(d, queue), 'NX', int(NOW_US), circle)
end

-- list_of is the list in which a job waits: beside its own there may be one for
-- its priority.
local function list_of(d, queue, id)
  return d.level_of and d.level_of(queue, id) or queue
end

-- put_back and put_front put an id to the end, or to the front, of where it
-- waits for its turn.
local function put_back(d, queue, circle, id)
  if d.shared then
    redis.call('LPUSH', wait_key(d, queue, circle), id)
    return announce(d, queue, circle)
  end
  redis.call(d.back, list_of(d, queue, id), id)
end

local function put_front(d, queue, circle, id)
  if d.shared then
    redis.call('RPUSH', wait_key(d, queue, circle), id)
    return announce(d, queue, circle)
  end
  redis.call(NEWEST and d.back or d.front, list_of(d, queue, id), id)
end

-- park keeps an id whose job is not there (yet).
local function park(d, queue, id)
  redis.call('ZADD', d.scope(queue).limbo, 'NX', NOW_TEXT, member(d, queue, id))
end

-- bury makes an id a dead letter. The job itself, where there is one, is for
-- the caller to end; then its circle is known.
local function bury(d, queue, id, reason, circle)
  local shown = id
  if #id > MAX_ID then
    shown = string.sub(id, 1, 64) .. '...'
  end
  local dead = d.scope(queue).dead
  redis.call('ZADD', dead, NOW_TEXT, d.name .. '|' .. queue .. '|' .. string.gsub(reason, '|', '/') .. '|' .. shown)
  redis.call('PEXPIRE', dead, int(DEAD_TTL))
  local over = redis.call('ZCARD', dead) - DEAD_MAX
  if over > 0 then
    redis.call('ZREMRANGEBYRANK', dead, 0, over - 1)
  end
  event(d, queue, shown, 'dead', circle, 'reason', reason)
  return shown
end

-- requeue puts a job to the front of where it waits. It returns why when the
-- job cannot be read: 'missing' means it is in limbo now.
local function requeue(d, queue, id)
  local circle, why = d.circle_of(queue, id)
  if circle then
    put_front(d, queue, circle_name(d, circle), id)
    return nil
  end
  if why == 'missing' then
    park(d, queue, id)
  end
  return why
end

-- bury_unread makes an id a dead letter whose job cannot be read, and tells
-- whoever waits for it; tell is told too.
local function bury_unread(d, queue, id, reason, tell)
  local shown = bury(d, queue, id, reason)
  if #id <= MAX_ID then
    d.set_reply(queue, id, reason)
    if d.give_up then
      d.give_up(queue, id, reason)
    end
  end
  tell(queue, shown, 'dead letter: ' .. reason)
end

-- move_due puts what is due back in line, and returns how long it is until the
-- next is, in ms; -1 when there is none.
local DUE_BATCH = 100
local function move_due(scope, tell)
  for _, m in ipairs(redis.call('ZRANGEBYSCORE', scope.due, '-inf', NOW_TEXT, 'LIMIT', 0, DUE_BATCH)) do
    local d, queue, id = split(m)
    redis.call('ZREM', scope.due, m)
    if d then
      local why = requeue(d, queue, id)
      if why and why ~= 'missing' then
        bury_unread(d, queue, id, why, tell)
      end
    end
  end
  local first = redis.call('ZRANGE', scope.due, 0, 0, 'WITHSCORES')
  return first[2] and math.max(0, tonumber(first[2]) - NOW) or -1
end

-- What waits for a job to end is kept under the job's name.
local function after_key(d, queue, id)
  return d.scope(queue).prefix .. 'after:' .. d.name .. '|' .. id
end

-- wake_dependents puts the jobs that waited for this one back in line; whether
-- they still wait for others is seen when they have their turn. A job that came
-- after those that need it does not know of them: the reaper does.
local function wake_dependents(d, queue, id, before)
  if before and not before.awaited then
    return
  end
  local key = after_key(d, queue, id)
  local waiting = redis.call('SMEMBERS', key)
  if #waiting == 0 then
    return
  end
  redis.call('DEL', key)
  for _, m in ipairs(waiting) do
    local of, list, dependent = split(m)
    if of and redis.call('ZREM', d.scope(queue).waiting, m) == 1 then
      requeue(of, list, dependent)
    end
  end
end

-- history_of returns the stream from which the history on disk is made, false for
-- none. Whoever keeps a history makes the stream, so that all who end jobs see that
-- they are wanted: also a reaper or a producer that keeps none.
local function history_of(d, queue)
  local scope = d.scope(queue)
  local taken = scope.taken[d.name]
  if taken == nil then
    local stream = scope.prefix .. 'history:' .. d.name
    taken = (string.find(HISTORY, '|' .. d.name .. '|', 1, true) or redis.call('EXISTS', stream) == 1) and stream
    scope.taken[d.name] = taken
  end
  return taken
end

-- record_end names a job that ended in its history.
local function record_end(d, queue, id)
  local taken = history_of(d, queue)
  if taken then
    redis.call('XADD', taken, 'MAXLEN', '~', string.match(HISTORY, '^%d+'), '*', 'job', member(d, queue, id))
  end
end

-- end_job writes how a job ended and tells whoever waits for it; before is the
-- job's state before that.
local function end_job(d, queue, id, before, ending, output, message, cost, dead)
  d.set_ended(queue, id, before, ending, output, message, cost, dead)
  wake_dependents(d, queue, id, before)
  event(d, queue, id, 'ended', before and before.circle, 'end', ending)
  record_end(d, queue, id)
end

-- holds is the fence: the job is this worker's as long as attempt and worker
-- are the ones of its claim and the lease stands. It returns the job's state
-- or nil. With command 'ZREM' the lease is given up with it.
local function holds(d, queue, id, attempt, worker, command)
  local state = d.read_fence(queue, id)
  if state and state.attempt == attempt and state.worker == worker then
    local lease = redis.call(command or 'ZSCORE', d.scope(queue).lease, member(d, queue, id))
    if lease and lease ~= 0 then
      return state
    end
  end
  return nil
end

-- A token is when a lease was to end that was given with a claim. As long as it
-- still is, nothing is to be done at the end of the attempt but to write that:
-- jobs with more to do get no token, and outdate makes that of a job worth nothing
-- which gets more to do while it runs. To read all that there may be is most of
-- what it takes to end a job, since Redis looks through a small hash for each
-- field that is missing. So where a lease ends then, it is asked of the job alone
-- whether it is there, and its last attempt is this.
local function as_claimed(key, attempt, worker)
  local found = redis.pcall('HMGET', key, 'attempt', 'worker')
  return found[1] == attempt and found[2] == worker
end

local function outdate(d, queue, id)
  redis.call('ZADD', d.scope(queue).lease, 'XX', 'INCR', '1', member(d, queue, id))
end

-- A channel is a set of leases that are counted together: those of a circle,
-- of a type, or of a name that producers give. What runs in it is the number
-- of its leases that stand, so a crash cannot make the count drift.
local function channel_key(scope, channel)
  return scope.prefix .. 'run:' .. channel
end

-- leave_channels takes a job whose lease is given up out of its channels.
local function leave_channels(d, queue, id, state)
  if state and state.channels then
    local scope, m = d.scope(queue), member(d, queue, id)
    for channel in string.gmatch(state.channels, '[^\n]+') do
      redis.call('ZREM', channel_key(scope, channel), m)
    end
  end
end

-- prolong gives a lease that stands another expiry, and with it the job's place
-- in its channels: a job that runs on must be counted on.
local function prolong(d, queue, id, state, expiry)
  local scope, m = d.scope(queue), member(d, queue, id)
  redis.call('ZADD', scope.lease, 'XX', expiry, m)
  for channel in string.gmatch(state and state.channels or '', '[^\n]+') do
    redis.call('ZADD', channel_key(scope, channel), 'XX', expiry, m)
  end
end
