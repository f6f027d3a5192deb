-- hero: the dialect whose jobs are hashes hero:job:{id} with one field per
-- attribute, waiting in lists hero:q:work:*.
--
-- A dialect's file says where a job is, how to read what a claim needs, and
-- how to write that it started, waits again or ended. It defines:
--   DIALECT                       its name in the members of shared keys
--   job_key(id)                   where a job is
--   read_state(id), read_job(id)  what is known of it
--   circle_field(id)              the circle's name as written
--   is_ended(status)
--   set_started, set_waiting, set_ended, add_reply

local DIALECT = 'hero'

local function job_key(id)
  return 'hero:job:' .. id
end

-- henge's own fields, and after them what a claim hands out, in the order in
-- which Go reads it.
local STATE = {'status', 'attempt', 'run', 'failures', 'crashes', 'worker', 'queue', 'end'}
local HANDED_OUT = {
  'context_id', 'script_type', 'caller_id', 'script', 'timeout', 'retries', 'env_vars',
  'log_path', 'worker_id', 'actor_id', 'prerequisites', 'dependencies', 'henge:limits',
}
local ALL = {unpack(STATE)}
for i, name in ipairs(HANDED_OUT) do
  ALL[#STATE + i] = name
end

-- absent says why a read gave nothing: 'missing' when there is no such key,
-- otherwise a sentence for the dead letter.
local function absent(id, reply)
  if failed(reply) then
    local found = redis.call('TYPE', job_key(id)).ok
    return 'its key holds a ' .. found .. ', not a hash'
  end
  return 'missing'
end

local function state_of(id, v)
  if failed(v) then
    return nil, absent(id, v)
  end
  if not v[1] and not v[2] and redis.call('EXISTS', job_key(id)) == 0 then
    return nil, 'missing'
  end
  return {
    status = v[1], attempt = v[2], run = v[3], failures = v[4],
    crashes = v[5], worker = v[6], queue = v[7], ending = v[8],
  }
end

-- read_state returns henge's own fields of a job, or nil and why.
local function read_state(id)
  return state_of(id, redis.pcall('HMGET', job_key(id), unpack(STATE)))
end

-- read_job returns the same, nil, and the fields of HANDED_OUT, false where
-- one is missing. One command reads both, since a claim is bound by their
-- number.
local function read_job(id)
  local v = redis.pcall('HMGET', job_key(id), unpack(ALL))
  local state, why = state_of(id, v)
  if not state then
    return nil, why
  end
  local fields = {}
  for i = 1, #HANDED_OUT do
    fields[i] = v[#STATE + i]
  end
  return state, nil, fields
end

-- circle_field returns the circle's name as the producer wrote it, '' when
-- there is none, or nil and why the job cannot be read.
local function circle_field(id)
  local v = redis.pcall('HGET', job_key(id), 'context_id')
  if failed(v) then
    return nil, absent(id, v)
  end
  if not v and redis.call('EXISTS', job_key(id)) == 0 then
    return nil, 'missing'
  end
  return v or ''
end

local function is_ended(status)
  return status == 'finished' or status == 'error'
end

-- set_started marks a job as running; fresh drops what an earlier run left.
local function set_started(id, queue, worker, attempt, run, fresh)
  local key = job_key(id)
  if fresh then
    redis.call('HDEL', key, 'end', 'failures', 'crashes', 'output', 'error', 'henge:cost')
  end
  redis.call('HSET', key, 'status', 'started', 'updated_at', iso8601(),
    'worker', worker, 'queue', queue, 'attempt', attempt, 'run', run)
end

-- set_waiting marks a job as waiting again; further fields follow.
local function set_waiting(id, ...)
  redis.call('HSET', job_key(id), 'status', 'dispatched', 'updated_at', iso8601(), ...)
end

-- add_reply tells whoever waits. The reply key is the producer's: when it
-- holds something else the job has ended all the same.
local function add_reply(id, text)
  local key = 'hero:q:reply:' .. id
  if not failed(redis.pcall('LPUSH', key, text)) then
    redis.call('PEXPIRE', key, REPLY_TTL)
  end
end

-- set_ended writes how a job ended. An output may stand beside an error; an
-- output, error or cost that this end does not have is an older attempt's and
-- goes.
local function set_ended(id, ending, output, message, cost)
  local key = job_key(id)
  local ok = message == ''
  local there = {'status', ok and 'finished' or 'error', 'updated_at', iso8601(), 'end', ending}
  local gone = {}
  local function put(name, value, has)
    if has then
      there[#there + 1], there[#there + 2] = name, value
    else
      gone[#gone + 1] = name
    end
  end
  put('error', message, not ok)
  put('output', output, ok or output ~= '')
  put('henge:cost', cost, cost ~= '')
  redis.call('HSET', key, unpack(there))
  if #gone > 0 then
    redis.call('HDEL', key, unpack(gone))
  end
  add_reply(id, ok and output or message)
end
