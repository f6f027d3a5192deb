-- ending: how attempts end. It reads jobs out of ARGV:
--
--   dialect, list, id, attempt
--   'end', 'retry' or 'dead', which is an end that leaves a dead letter
--   how it ended, job.End's name
--   output
--   error message, '' for none
--   what the attempt cost, '' for nothing
--   failures after this one
--   ms until the retry
--   number of log lines, and the lines

-- written tells a finish that is sent again from one that comes too late.
local function written(f, found, worker)
  if not found or found.attempt ~= f.attempt or found.worker ~= worker then
    return false
  end
  if f.mode == 'retry' then
    return found.failures == f.failures and redis.call('ZSCORE', f.d.scope(f.queue).due, member(f.d, f.queue, f.id))
  end
  return found.ending == f.ending and f.d.is_ended(found.status)
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

-- finish ends one attempt. It returns 1 when that was written, 2 when the same
-- was written before (a client that lost the answer sends it again), 0 when
-- the job is no longer the worker's: then nothing was written.
local function finish(f, worker, log_lines, log_ttl)
  local state, found = holds(f.d, f.queue, f.id, f.attempt, worker, 'ZREM')
  if not state then
    return written(f, found, worker) and 2 or 0
  end
  leave_channels(f.d, f.queue, f.id, state)
  append_log(f.d, f.queue, f.id, f.lines, f.lines_end, log_lines, log_ttl)
  if f.mode == 'retry' then
    f.d.set_waiting(f.queue, f.id, 'failures', f.failures, 'error', f.message, 'henge:cost', f.cost)
    redis.call('ZADD', f.d.scope(f.queue).due, int(NOW + f.delay), member(f.d, f.queue, f.id))
    event(f.d, f.queue, f.id, 'retry', 'end', f.ending, 'delay_ms', int(f.delay))
    return 1
  end
  if f.mode == 'dead' then
    bury(f.d, f.queue, f.id, 'failed ' .. f.failures .. ' times, at last with ' .. f.ending)
    f.d.set(f.queue, f.id, 'failures', f.failures)
  end
  end_job(f.d, f.queue, f.id, state, f.ending, f.output, f.message, f.cost, f.mode == 'dead')
  return 1
end

-- finish_all ends the attempts from ARGV[i] on.
local function finish_all(i, worker, log_lines, log_ttl)
  local answers = {}
  while i <= #ARGV do
    local lines = i + 12
    local lines_end = lines + tonumber(ARGV[i + 11]) - 1
    answers[#answers + 1] = finish({
      d = DIALECTS[ARGV[i]], queue = ARGV[i + 1], id = ARGV[i + 2], attempt = ARGV[i + 3],
      mode = ARGV[i + 4], ending = ARGV[i + 5], output = ARGV[i + 6], message = ARGV[i + 7],
      cost = ARGV[i + 8], failures = ARGV[i + 9], delay = tonumber(ARGV[i + 10]),
      lines = lines, lines_end = lines_end,
    }, worker, log_lines, log_ttl)
    i = lines_end + 1
  end
  return answers
end
