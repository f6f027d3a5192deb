-- ending: how attempts end. It reads jobs out of ARGV:
--
--   dialect, list, id, attempt
--   'done', and then only output and cost: a success without lines of a log; or
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

-- finish ends the attempt at ARGV[i], and returns where the next one is and 1 when
-- that was written, 2 when the same was written before (a client that lost the
-- answer sends it again), 0 when the job is no longer the worker's: then nothing
-- was written.
local function finish(i, worker, log_lines, log_ttl)
  local d, queue, id, attempt, mode = dialect(ARGV[i]), unpack(ARGV, i + 1, i + 4)
  local ending, output, message, cost, failures
  local logged, last = i + 13
  if mode == 'done' then
    ending, output, message, cost, last = 'success', ARGV[i + 5], '', ARGV[i + 6], i + 6
  else
    ending, output, message, cost, failures = unpack(ARGV, i + 5, i + 9)
    last = logged - 1 + tonumber(ARGV[i + 11])
  end
  local state = holds(d, queue, id, attempt, worker, 'ZREM')
  if not state then
    return last + 1, written(d, queue, id, attempt, worker, mode, ending, failures) and 2 or 0
  end
  leave_channels(d, queue, id, state)
  if last >= logged then
    append_log(d, queue, id, unnoted(d, queue, id, attempt, ARGV[i + 12], logged), last, log_lines, log_ttl)
  end
  if mode == 'retry' then
    local at = int(NOW + tonumber(ARGV[i + 10]))
    d.set_waiting(queue, id, 'failures', failures, 'error', message, 'henge:cost', cost)
    redis.call('ZADD', d.scope(queue).due, at, member(d, queue, id))
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

-- finish_all ends the attempts from ARGV[i] on.
local function finish_all(i, worker, log_lines, log_ttl)
  local answers = {}
  while i <= #ARGV do
    i, answers[#answers + 1] = finish(i, worker, log_lines, log_ttl)
  end
  return answers
end
