-- reap puts back the jobs of workers that went away, and gives up on ids whose
-- job never came.
--
-- KEYS[6] the time of the last run, ms
-- ARGV[4] lease, ms  ARGV[5] most crashes of a job  ARGV[6] limbo's time, ms
-- ARGV[7] most of each kind in one call
--
-- Returns {next, grace, requeued, notices}:
--   next      ms until the earliest lease ends, 0 for at once, -1 for none
--   grace     how many leases got another period, since nobody had looked
--   requeued  {list, id, crashes}
--   notices   {list, id, text}: dead letters and odd things

local LAST = KEYS[6]
local LEASE_MS, MOST_CRASHES, LIMBO_MS, BATCH = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local requeued, notices = {}, {}

local function notice(queue, id, text)
  notices[#notices + 1] = {queue, id, text}
end

-- Nobody has reaped for half a lease, be it that Redis was down or that no
-- worker was up. Then nobody could renew either, and an expired lease says
-- nothing about its worker.
local grace = 0
local last = tonumber(redis.call('GET', LAST) or '')
if not last or NOW - last > LEASE_MS / 2 then
  local expiry = int(NOW + LEASE_MS)
  for _, m in ipairs(redis.call('ZRANGEBYSCORE', LEASE, '-inf', '(' .. expiry)) do
    if split(m) then
      redis.call('ZADD', LEASE, 'XX', expiry, m)
      grace = grace + 1
    end
  end
end
redis.call('SET', LAST, int(NOW))

local function crashed(queue, id)
  local state, why = read_state(id)
  if not state then
    local text = 'the job was gone when its worker was'
    if why ~= 'missing' then
      text = why
    end
    bury(queue, id, text)
    return notice(queue, id, 'dead letter: ' .. text)
  end
  if is_ended(state.status) then
    return
  end
  local crashes = count(state.crashes) + 1
  if crashes >= MOST_CRASHES then
    local text = 'worker lost ' .. int(crashes) .. ' times'
    set_waiting(id, 'crashes', int(crashes))
    set_ended(id, 'worker_lost', '', text, '')
    bury(queue, id, text)
    return notice(queue, id, 'dead letter: ' .. text)
  end
  set_waiting(id, 'crashes', int(crashes))
  requeue(queue, id)
  requeued[#requeued + 1] = {queue, id, int(crashes)}
end

local expired = redis.call('ZRANGEBYSCORE', LEASE, '-inf', int(NOW), 'LIMIT', 0, BATCH)
for _, m in ipairs(expired) do
  local queue, id = split(m)
  if queue then
    redis.call('ZREM', LEASE, m)
    crashed(queue, id)
  end
end

local forgotten = redis.call('ZRANGEBYSCORE', LIMBO, '-inf', int(NOW - LIMBO_MS), 'LIMIT', 0, BATCH)
for _, m in ipairs(forgotten) do
  local queue, id = split(m)
  if queue then
    redis.call('ZREM', LIMBO, m)
    local why = requeue(queue, id)
    if why then
      if why == 'missing' then
        redis.call('ZREM', LIMBO, m)
        why = 'no job came within ' .. int(LIMBO_MS / 1000) .. ' s of its id'
      end
      bury(queue, id, why)
      add_reply(id, why)
      notice(queue, id, 'dead letter: ' .. why)
    end
  end
end

redis.call('ZREMRANGEBYSCORE', DEAD, '-inf', int(NOW - DEAD_TTL))

local next_ms = -1
if #expired == BATCH or #forgotten == BATCH then
  next_ms = 0
else
  local first = redis.call('ZRANGE', LEASE, 0, 0, 'WITHSCORES')
  if first[2] then
    next_ms = math.max(0, tonumber(first[2]) - NOW)
  end
end
return {next_ms, grace, requeued, notices}
