-- rhailib: tasks are hashes rhai_task_details:{id}, waiting in lists
-- rhai_tasks:{circle}. A task may name another circle than its list does, since
-- later systems put a worker's name there; the worker refuses what it does not
-- serve.

local rhailib = hash_dialect({
  name = 'rhailib', shared = false,
  oldest = 'RPOP', newest = 'LPOP', back = 'LPUSH', front = 'RPUSH',
  words = {waiting = 'pending', started = 'processing', later = 'pending', ended = {completed = true, error = true}},
  circle_fields = 2,
  handed_out = {
    'context_id', 'contextId', 'caller_id', 'callerId', 'publicKey', 'script',
    'henge:timeout', 'henge:retries', 'henge:limits', 'henge:channel', 'henge:backoff', 'traceparent',
  },
  passed_over = {'task_id', 'taskId', 'created_at', 'createdAt', 'updated_at', 'updatedAt', 'henge:schedule', 'henge:tick'},
  needs = {}, channel = 10,
})

function rhailib.scope()
  return scope_of('henge:')
end

function rhailib.job_key(_, id)
  return 'rhai_task_details:' .. id
end

function rhailib.log_key(_, id)
  return 'henge:log:rhailib|' .. id
end

function rhailib.default_circle(queue)
  return string.sub(queue, #'rhai_tasks:' + 1)
end

function rhailib.ended_as(ok)
  return ok and 'completed' or 'error'
end

function rhailib.touched()
  return 'updated_at', iso8601()
end

function rhailib.set_reply()
end

function rhailib.type_of()
  return 'rhai'
end

function rhailib.new(id)
  local at = iso8601()
  return {'task_id', id, 'status', 'pending', 'created_at', at, 'updated_at', at}
end
