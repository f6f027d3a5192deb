-- henge: our own dialect. Everything of a circle stands under henge:{C}: with
-- the circle as hash tag: jobs henge:{C}:job:{id}, lists henge:{C}:q:{type}.

local own = hash_dialect({
  name = 'henge', shared = false,
  oldest = 'RPOP', newest = 'LPOP', back = 'LPUSH', front = 'RPUSH',
  words = {
    waiting = 'queued', started = 'running', needs = 'waiting', later = 'scheduled',
    done = 'succeeded', ended = {succeeded = true, failed = true, cancelled = true, dead = true},
  },
  circle_fields = 0,
  handed_out = {
    'circle', 'type', 'caller', 'payload', 'timeout_ms', 'retries', 'backoff', 'channel',
    'env', 'after', 'limits', 'traceparent', 'run_at_ms', 'depth', 'reply',
  },
  passed_over = {'id', 'created_ms', 'updated_ms', 'priority', 'schedule', 'tick'},
  needs = {10}, channel = 8, run_at = 13, reply = 15,
})

-- What the name of a list says. To read it takes as long as a short command, so it
-- is read once in a call.
local READ
each_call(function() READ = {} end)
local function read(queue)
  local list = READ[queue]
  if not list then
    local tag = string.match(queue, '^henge:{[^{}]*}:') or 'henge:{}:'
    list = {tag = tag, circle = string.sub(tag, #'henge:{' + 1, -#'}:' - 1), scope = scope_of(tag)}
    READ[queue] = list
  end
  return list
end

function own.scope(queue)
  return read(queue).scope
end

function own.default_circle(queue)
  return read(queue).circle
end

function own.job_key(queue, id)
  return read(queue).tag .. 'job:' .. id
end

function own.log_key(queue, id)
  return read(queue).tag .. 'log:' .. id
end

function own.ended_as(ok, ending, dead)
  if ok then
    return 'succeeded'
  end
  if dead then
    return 'dead'
  end
  return ending == 'cancelled' and 'cancelled' or 'failed'
end

function own.touched()
  return 'updated_ms', NOW_TEXT
end

function own.reply_key(queue, id)
  return read(queue).tag .. 'reply:' .. id
end

-- A producer that waits at a list says so in the job. Most look at the job
-- itself, and the list would take the server a tenth of what a job costs it.
function own.set_reply(queue, id, text, before)
  if before and before.as_claimed then
    return
  end
  if redis.pcall('HGET', own.job_key(queue, id), 'reply') == '1' then
    reply_list(own.reply_key(queue, id), text)
  end
end

function own.type_of(queue, fields)
  return fields[2] or string.match(queue, ':q:(.*)$')
end

-- A job that is urgent, or can wait, has a list beside the one of its type.
function own.levels(queue)
  return {queue .. ':high', queue, queue .. ':low'}
end

-- level_of returns the list of these in which a job waits.
function own.level_of(queue, id)
  local priority = tonumber(redis.call('HGET', own.job_key(queue, id), 'priority') or '') or 0
  return queue .. (priority > 0 and ':high' or priority < 0 and ':low' or '')
end

-- What the job's key says, its id and circle, is not said again: all that is in a
-- job is read when it is handed out.
function own.new()
  return {'status', 'queued', 'created_ms', NOW_TEXT}
end
