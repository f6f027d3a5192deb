-- finish ends attempts: each with its result, or as one that is to be retried.
--
-- ARGV[4] worker  ARGV[5] most log lines kept  ARGV[6] how long, ms
-- ARGV[7..] of each job:
--   list, id, attempt
--   'end' or 'retry'
--   how it ended, job.End's name
--   output
--   error message, '' for none
--   what the attempt cost, '' for nothing
--   failures after this one
--   ms until the retry
--   number of log lines, and the lines
--
-- Returns for each 1 when it was written, 2 when the same finish was written
-- before (a client that lost the answer sends it again), 0 when the job is no
-- longer the worker's: then nothing was written.

local WORKER, LOG_LINES, LOG_TTL = ARGV[4], tonumber(ARGV[5]), ARGV[6]

-- written tells a finish that is sent again from one that comes too late.
local function written(f, found)
  if not found or found.attempt ~= f.attempt or found.worker ~= WORKER then
    return false
  end
  if f.retry then
    return found.failures == f.failures and redis.call('ZSCORE', DUE, member(f.queue, f.id))
  end
  return found.ending == f.ending and is_ended(found.status)
end

local function finish(f)
  local held, found = holds(f.queue, f.id, f.attempt, WORKER)
  if not held then
    return written(f, found) and 2 or 0
  end
  redis.call('ZREM', LEASE, member(f.queue, f.id))
  if f.retry then
    set_waiting(f.id, 'failures', f.failures, 'error', f.message, 'henge:cost', f.cost)
    redis.call('ZADD', DUE, int(NOW + f.delay), member(f.queue, f.id))
  else
    set_ended(f.id, f.ending, f.output, f.message, f.cost)
  end
  if f.lines_end < f.lines then
    return 1
  end
  local log = 'henge:log:' .. DIALECT .. '|' .. f.id
  for i = f.lines, f.lines_end, 1000 do -- unpack has a bound of some thousands
    redis.call('RPUSH', log, unpack(ARGV, i, math.min(i + 999, f.lines_end)))
  end
  redis.call('LTRIM', log, -LOG_LINES, -1)
  redis.call('PEXPIRE', log, LOG_TTL)
  return 1
end

local answers, i = {}, 7
while i <= #ARGV do
  local lines = i + 11
  local lines_end = lines + tonumber(ARGV[i + 10]) - 1
  answers[#answers + 1] = finish({
    queue = ARGV[i], id = ARGV[i + 1], attempt = ARGV[i + 2],
    retry = ARGV[i + 3] == 'retry', ending = ARGV[i + 4], output = ARGV[i + 5], message = ARGV[i + 6],
    cost = ARGV[i + 7], failures = ARGV[i + 8], delay = tonumber(ARGV[i + 9]),
    lines = lines, lines_end = lines_end,
  })
  i = lines_end + 1
end
return answers
