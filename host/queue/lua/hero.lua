-- hero: jobs are hashes hero:job:{id}, waiting in lists hero:q:work:*.

local hero = hash_dialect({
  name = 'hero', shared = true,
  oldest = 'RPOP', newest = 'LPOP', back = 'LPUSH', front = 'RPUSH',
  words = {
    waiting = 'dispatched', started = 'started', needs = 'waiting_for_prerequisites', later = 'dispatched',
    done = 'finished', ended = {finished = true, error = true},
  },
  circle_fields = 1,
  handed_out = {
    'context_id', 'script_type', 'caller_id', 'script', 'timeout', 'retries', 'env_vars',
    'log_path', 'worker_id', 'actor_id', 'prerequisites', 'dependencies', 'henge:limits',
    'henge:channel', 'henge:backoff', 'traceparent', 'henge:depth',
  },
  passed_over = {'id', 'created_at', 'updated_at', 'concurrent', 'dependents', 'henge:schedule', 'henge:tick'},
  needs = {11, 12}, channel = 14,
})

function hero.scope()
  return scope_of('henge:')
end

function hero.job_key(_, id)
  return 'hero:job:' .. id
end

function hero.log_key(_, id)
  return 'henge:log:hero|' .. id
end

function hero.ended_as(ok)
  return ok and 'finished' or 'error'
end

function hero.touched()
  return 'updated_at', iso8601()
end

function hero.reply_key(_, id)
  return 'hero:q:reply:' .. id
end

-- Older producers push to another list and wait elsewhere.
local LEGACY = 'hero:work_queue:'

function hero.set_reply(queue, id, text)
  reply_list(hero.reply_key(queue, id), text)
  if string.sub(queue, 1, #LEGACY) == LEGACY then
    reply_list('hero:reply:' .. id, text)
  end
end

-- type_of is what bounds by type go by; the worker knows better, and decides.
function hero.type_of(queue, fields)
  return fields[2] or string.match(queue, '^hero:q:work:type:([^:]*)') or string.match(queue, '^' .. LEGACY .. '(.*)')
end

-- new returns the fields that every new job has.
function hero.new(id)
  local at = iso8601()
  return {'id', id, 'status', 'dispatched', 'created_at', at, 'updated_at', at}
end
