-- cancel ends a job that waits, or asks the worker of one that runs to stop it.
--
-- KEYS[1] a key of the job's scope
-- ARGV[8] dialect  ARGV[9] list, for a job that was never claimed
-- ARGV[10] id      ARGV[11] by whom or why, as the job's error message
-- ARGV[12] the channel on which workers listen for such messages
--
-- Returns 'missing', 'ended' when it had ended before, 'cancelled' when it
-- waited, 'stopping' when it runs.

local d, id, why = DIALECTS[ARGV[8]], ARGV[10], ARGV[11]
local state = d.read_state(ARGV[9], id)
if not state then
  return 'missing'
end
if d.is_ended(state.status) then
  return 'ended'
end
local queue = state.queue or ARGV[9]
local scope, m = d.scope(queue), member(d, queue, id)
if redis.call('ZSCORE', scope.lease, m) then
  d.set(queue, id, 'cancel', why)
  redis.call('PUBLISH', ARGV[12], 'cancel ' .. m)
  event(d, queue, id, 'cancel')
  return 'stopping'
end
redis.call('ZREM', scope.due, m)
redis.call('ZREM', scope.waiting, m)
end_job(d, queue, id, state, 'cancelled', '', why, '')
return 'cancelled'
