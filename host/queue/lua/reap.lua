-- reap puts back the jobs of workers that went away, moves on what is due or
-- held up, and gives up on ids whose job never came.
--
-- KEYS[1..] of each scope the time of the last run, <scope>reaped, ms
-- ARGV[8] lease, ms  ARGV[9] most crashes of a job  ARGV[10] limbo's time, ms
-- ARGV[11] most of each kind in one call and scope
--
-- Returns {next, grace, requeued, notices}:
--   next      ms until the earliest lease ends or job is due, 0 for at once,
--             -1 for none
--   grace     how many leases got another period, since nobody had looked
--   requeued  {list, id, crashes}
--   notices   {list, id, text}: dead letters and odd things

local LEASE_MS, MOST_CRASHES, LIMBO_MS, BATCH = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])

local requeued, notices, grace = {}, {}, 0

local function notice(queue, id, text)
  notices[#notices + 1] = {queue, id, text}
end

-- gap gives all leases another period when nobody has reaped for half a lease,
-- be it that Redis was down or that no worker was up. Then nobody could renew
-- either, and an expired lease says nothing about its worker.
local function gap(scope, last_key)
  local last = tonumber(redis.call('GET', last_key) or '')
  redis.call('SET', last_key, NOW_TEXT)
  if last and NOW - last <= LEASE_MS / 2 then
    return
  end
  local expiry = int(NOW + LEASE_MS)
  for _, m in ipairs(redis.call('ZRANGEBYSCORE', scope.lease, '-inf', '(' .. expiry)) do
    local d, queue, id = split(m)
    if d then
      prolong(d, queue, id, d.read_state(queue, id), expiry)
      grace = grace + 1
    end
  end
end

local function give_up(d, queue, id, text, circle)
  bury(d, queue, id, text, circle)
  notice(queue, id, 'dead letter: ' .. text)
end

local function crashed(d, queue, id)
  local state, why = d.read_fence(queue, id)
  redis.call('ZREM', d.scope(queue).lease, member(d, queue, id))
  leave_channels(d, queue, id, state)
  if not state then
    return give_up(d, queue, id, why == 'missing' and 'the job was gone when its worker was' or why)
  end
  if d.is_ended(state.status) then
    return
  end
  if state.cancel then
    return end_job(d, queue, id, state, 'cancelled', '', state.cancel, '')
  end
  local crashes = int(count(state.crashes) + 1)
  d.set_waiting(queue, id, 'crashes', crashes)
  if tonumber(crashes) >= MOST_CRASHES then
    local text = 'worker lost ' .. crashes .. ' times'
    end_job(d, queue, id, state, 'worker_lost', '', text, '', true)
    return give_up(d, queue, id, text, state.circle)
  end
  requeue(d, queue, id)
  event(d, queue, id, 'crashed', state.circle, 'worker', state.worker or '', 'crashes', crashes)
  requeued[#requeued + 1] = {queue, id, tonumber(crashes)}
end

local function forgotten(d, queue, id)
  local why = requeue(d, queue, id)
  if not why then
    return
  end
  if why == 'missing' then
    redis.call('ZREM', d.scope(queue).limbo, member(d, queue, id))
    why = 'no job came within ' .. int(LIMBO_MS / 1000) .. ' s of its id'
  end
  d.set_reply(queue, id, why)
  give_up(d, queue, id, why)
end

-- still_needed looks again at a job that waits for others: they may have ended
-- without us, or never have come.
local function still_needed(scope, d, queue, id, since)
  local before, _, fields = d.read_job(queue, id)
  local ids = fields and needed(d, fields) or {}
  local open, missing = false, nil
  for _, n in ipairs(ids) do
    local state, why = d.read_state(queue, n)
    if not state and why == 'missing' then
      missing = n
    end
    open = open or not state or not d.is_ended(state.status)
  end
  if missing and NOW - since > LIMBO_MS then
    for _, n in ipairs(ids) do
      redis.call('SREM', after_key(d, queue, n), member(d, queue, id))
    end
    redis.call('ZREM', scope.waiting, member(d, queue, id))
    local text = 'it needs job ' .. missing .. ', which is not there'
    return end_job(d, queue, id, before, 'prerequisite_failed', '', text, '')
  end
  if not open then
    redis.call('ZREM', scope.waiting, member(d, queue, id))
    requeue(d, queue, id)
  end
end

-- each calls f for the members of a sorted set up to a score, and returns
-- whether there are more than it looked at.
local function each(key, most, remove, f)
  local found = redis.call('ZRANGEBYSCORE', key, '-inf', most, 'WITHSCORES', 'LIMIT', 0, BATCH)
  for i = 1, #found, 2 do
    local d, queue, id = split(found[i])
    if d then
      if remove then
        redis.call('ZREM', key, found[i])
      end
      f(d, queue, id, tonumber(found[i + 1]))
    end
  end
  return #found == 2 * BATCH
end

local next_ms = -1
local function again_in(ms)
  if ms >= 0 and (next_ms < 0 or ms < next_ms) then
    next_ms = ms
  end
end

for _, key in ipairs(KEYS) do
  local scope = scope_of(string.sub(key, 1, -#'reaped' - 1))
  gap(scope, key)
  local more = each(scope.lease, NOW_TEXT, false, crashed)
  more = each(scope.limbo, int(NOW - LIMBO_MS), true, forgotten) or more
  each(scope.waiting, '+inf', false, function(d, queue, id, since)
    still_needed(scope, d, queue, id, since)
  end)
  unhold(scope, BATCH)
  again_in(move_due(scope, notice))
  redis.call('ZREMRANGEBYSCORE', scope.dead, '-inf', int(NOW - DEAD_TTL))
  if more then
    again_in(0)
  end
  local first = redis.call('ZRANGE', scope.lease, 0, 0, 'WITHSCORES')
  if first[2] then
    again_in(math.max(0, tonumber(first[2]) - NOW))
  end
end
return {next_ms, grace, requeued, notices}
