-- ending: how attempts end. It reads them out of ARGV, of each list and claim in
-- turn:
--
--   dialect, list, circle, and the token of the claim, '' for none
--   of how many jobs success is all that there is to say, 0 for another end
--
-- then id, attempt, output and cost of each of these; or of the other
--
--   id, attempt
--   'end', 'retry' or 'dead', which is an end that leaves a dead letter
--   how it ended, job.End's name
--   output
--   error message, '' for none
--   what the attempt cost, '' for nothing
--   failures after this one
--   ms until the retry
--   number of log lines, the first one's number (see unnoted), and the lines

-- written tells a finish that is sent again from one that comes too late.
local function written(d, queue, id, attempt, worker, mode, ending, failures)
  local found = d.read_fence(queue, id)
  if not found or found.attempt ~= attempt or found.worker ~= worker then
    return false
  end
  if mode == 'retry' then
    return found.failures == failures and redis.call('ZSCORE', d.scope(queue).due, member(d, queue, id))
  end
  return found.ending == ending and d.is_ended(found.status)
end

-- append_log adds lines from..to of ARGV to a job's log.
local function append_log(d, queue, id, from, to, most, ttl)
  if to < from then
    return
  end
  local log = d.log_key(queue, id)
  for i = from, to, MOST_UNPACKED do
    redis.call('RPUSH', log, unpack(ARGV, i, math.min(i + MOST_UNPACKED - 1, to)))
  end
  redis.call('LTRIM', log, -most, -1)
  redis.call('PEXPIRE', log, ttl)
end

-- unnoted says where in ARGV the lines begin that are not in the log yet, of
-- those from i on; first is the number of the first of them among the lines of
-- the attempt, '' where none can be in the log. So a line whose note got
-- through while the answer was lost is not written again.
local function unnoted(d, queue, id, attempt, first, i)
  if first == '' then
    return i
  end
  local of, n = string.match(d.get(queue, id, 'noted') or '', '^(%d+) (%d+)$')
  return of == attempt and i + math.max(0, count(n) - tonumber(first)) or i
end

-- finish ends one attempt, which is told from ARGV[i] on, and returns where the
-- next begins and 1 when it was written, 2 when the same was written before (a
-- client that lost the answer sends it again), 0 when the job is no longer the
-- worker's: then nothing was written.
local function finish(d, queue, circle, token, i, worker, log_lines, log_ttl)
  local id, attempt, mode, ending, output, message, cost, failures = unpack(ARGV, i, i + 7)
  local logged = i + 11
  local last = logged - 1 + tonumber(ARGV[i + 9])
  local scope, m = d.scope(queue), member(d, queue, id)
  local state
  if token ~= '' and redis.call('ZSCORE', scope.lease, m) == token and as_claimed(d.job_key(queue, id), attempt, worker) then
    state = {circle = circle, as_claimed = true}
    redis.call('ZREM', scope.lease, m)
  else
    state = holds(d, queue, id, attempt, worker, 'ZREM')
  end
  if not state then
    return last + 1, written(d, queue, id, attempt, worker, mode, ending, failures) and 2 or 0
  end
  leave_channels(d, queue, id, state)
  append_log(d, queue, id, unnoted(d, queue, id, attempt, ARGV[i + 10], logged), last, log_lines, log_ttl)
  if mode == 'retry' then
    local at = int(NOW + tonumber(ARGV[i + 8]))
    d.set_waiting(queue, id, 'failures', failures, 'error', message, 'henge:cost', cost)
    redis.call('ZADD', scope.due, at, m)
    event(d, queue, id, 'retry', state.circle, 'end', ending, 'at_ms', at)
    return last + 1, 1
  end
  if mode == 'dead' then
    bury(d, queue, id, 'failed ' .. failures .. ' times, at last with ' .. ending, state.circle)
    d.set(queue, id, 'failures', failures)
  end
  end_job(d, queue, id, state, ending, output, message, cost, mode == 'dead')
  return last + 1, 1
end

-- standing returns, as keys, the leases that end at a time, the first most of
-- them. A claim gave all its jobs one end, and to ask for that of each would have
-- the server write it out each time.
local function standing(lease, token, most)
  local found = {}
  for _, m in ipairs(redis.call('ZRANGEBYSCORE', lease, token, token, 'LIMIT', 0, most)) do
    found[m] = true
  end
  return found
end

-- succeed ends n attempts of one list that are told from ARGV[i] on, and returns
-- where the next begins. As in take_all of plain.lua, what is alike for all is done
-- once, and what a token vouches for in one loop.
local function succeed(d, queue, circle, token, i, n, worker, answers)
  local ARGV, call = ARGV, redis.call
  local before, head, scope = d.job_key(queue, ''), member(d, queue, ''), d.scope(queue)
  local stands, status, touched, touched_at = {}
  if token ~= '' then
    stands, status, touched, touched_at = standing(scope.lease, token, 4 * n), d.ended_as(true, 'success'), d.touched()
  end
  local claimed, recorded = {circle = circle, as_claimed = true}, history_of(d, queue)
  local members, ids = {}, {}
  for _ = 1, n do
    local id, attempt, output, cost = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local key, m = before .. id, head .. id
    if stands[m] and cost ~= '' and as_claimed(key, attempt, worker) then
      call('HSET', key, 'status', status, touched, touched_at, 'end', 'success', 'output', output, 'henge:cost', cost)
      expire_job(key)
      d.set_reply(queue, id, output, claimed)
      if recorded then
        record_end(d, queue, id)
      end
      members[#members + 1], ids[#ids + 1], answers[#answers + 1] = m, id, 1
    else
      local state = holds(d, queue, id, attempt, worker, 'ZREM')
      if state then
        leave_channels(d, queue, id, state)
        end_job(d, queue, id, state, 'success', output, '', cost)
        answers[#answers + 1] = 1
      else
        answers[#answers + 1] = written(d, queue, id, attempt, worker, 'end', 'success') and 2 or 0
      end
    end
    i = i + 4
  end
  if #members > 0 then
    call('ZREM', scope.lease, unpack(members))
    events(d, queue, ids, 1, 'ended', circle, 'end', 'success')
  end
  return i
end

-- finish_all ends the attempts from ARGV[i] on.
local function finish_all(i, worker, log_lines, log_ttl)
  local answers = {}
  while i <= #ARGV do
    local d, queue, circle, token, n = dialect(ARGV[i]), ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], tonumber(ARGV[i + 4])
    if n > 0 then
      i = succeed(d, queue, circle, token, i + 5, n, worker, answers)
    else
      i, answers[#answers + 1] = finish(d, queue, circle, token, i + 5, worker, log_lines, log_ttl)
    end
  end
  return answers
end
