-- aside takes a job that waits for others out of its channels, in which those
-- may have to run, or puts it back: there may be one too many for a while then.
--
-- ARGV[8] worker      ARGV[9] '1' to take it out, '0' to put it back
-- ARGV[10] dialect    ARGV[11] list    ARGV[12] id    ARGV[13] attempt
--
-- Returns 1, or 0 when the job is no longer the worker's.

local d, queue, id = dialect(ARGV[10]), ARGV[11], ARGV[12]
local state = holds(d, queue, id, ARGV[13], ARGV[8])
if not state then
  return 0
end
if ARGV[9] == '1' then
  leave_channels(d, queue, id, state)
  return 1
end
local scope, m = d.scope(queue), member(d, queue, id)
local expiry = redis.call('ZSCORE', scope.lease, m)
for channel in string.gmatch(state.channels or '', '[^\n]+') do
  redis.call('ZADD', channel_key(scope, channel), expiry, m)
end
return 1
