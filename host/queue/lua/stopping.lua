-- stopping: how a job is ended from outside, be it that it waits or runs.

-- stop_job ends a job that waits, or asks the worker of one that runs to stop
-- it; channel is where workers listen. It returns 'missing', 'ended' when it had
-- ended before, 'cancelled' when it waited, 'stopping' when it runs.
local function stop_job(d, list, id, why, channel)
  local state = d.read_fence(list, id)
  if not state then
    return 'missing'
  end
  local queue = state.queue or list
  local scope, m = d.scope(queue), member(d, queue, id)
  if redis.call('ZSCORE', scope.lease, m) and not d.is_ended(state.status) then
    d.set(queue, id, 'cancel', why)
    outdate(d, queue, id)
    redis.call('PUBLISH', channel, 'cancel ' .. m)
    event(d, queue, id, 'cancel', state.circle, 'reason', string.sub(why, 1, MAX_ID))
    return 'stopping'
  end
  state = d.read_state(queue, id)
  if not state then
    return 'missing'
  end
  if d.is_ended(state.status) then
    return 'ended'
  end
  redis.call('ZREM', scope.due, m)
  redis.call('ZREM', scope.waiting, m)
  end_job(d, queue, id, state, 'cancelled', '', why, '')
  return 'cancelled'
end
