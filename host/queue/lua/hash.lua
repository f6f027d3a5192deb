-- hash: what dialects have in common whose jobs are hashes with a field for
-- each attribute. Such a dialect's file says names and words, and gets from
-- here how a job is read and how its states are written.
--
-- A dialect is a table with, for a list and an id in it:
--   name                          its name in the members of shared keys
--   shared                        whether a list holds jobs of several circles
--   oldest, newest, back, front   the commands for the ends of its lists
--   scope(queue), job_key(queue, id), log_key(queue, id)
--   read_state(queue, id)         henge's own fields and the circle's name as
--                                 written, or nil and why
--   read_fence(queue, id)         the same, as far as the fence needs them
--   read_job(queue, id)           these, nil, and what a claim hands out
--   circle_of(queue, id)          the circle's name as written, or nil and why
--   is_ended(status)
--   set_started, set_waiting, set_ended, set_reply

-- henge's own fields of a job, in the order of state_of.
local STATE = {'status', 'attempt', 'run', 'failures', 'crashes', 'worker', 'queue', 'end', 'cancel',
  'channels', 'error', 'awaited', 'begun'}

local function state_of(v)
  return {
    status = v[1], attempt = v[2], run = v[3], failures = v[4],
    crashes = v[5], worker = v[6], queue = v[7], ending = v[8], cancel = v[9],
    channels = v[10], message = v[11], awaited = v[12],
    begun = v[13],
  }
end

-- absent says why a read gave nothing: 'missing' when there is no such key,
-- otherwise a sentence for the dead letter.
local function absent(key, reply)
  if failed(reply) then
    return 'its key holds a ' .. redis.call('TYPE', key).ok .. ', not a hash'
  end
  return 'missing'
end

-- expire_job gives an ended job its time to live.
local function expire_job(key)
  if JOB_TTL > 0 then
    redis.call('PEXPIRE', key, int(JOB_TTL))
  end
end

-- hash_dialect completes a dialect that has, beside names and keys:
--   handed_out    the fields of a claim, in the order in which Go reads them
--   circle_fields how many of these, from the first, may name the circle
--   words         the statuses: waiting in a list, started, needs (other jobs),
--                 later, done, and the set of those of ended jobs
--   ended_as(ok, ending, dead)  the status of a job that ended, dead for a
--                 dead letter
--   touched()     name and value of the field that says when it changed
local function hash_dialect(d)
  DIALECTS[d.name] = d
  local all, brief = {unpack(STATE)}, {unpack(STATE)}
  for i, name in ipairs(d.handed_out) do
    all[#STATE + i] = name
    if i <= d.circle_fields then
      brief[#STATE + i] = name
    end
  end
  local circle_fields = {unpack(d.handed_out, 1, d.circle_fields)}

  -- circle_at picks the circle's name out of what was read, from a position on.
  local function circle_at(queue, v, first)
    for i = first, first + d.circle_fields - 1 do
      if v[i] and v[i] ~= '' then
        return v[i]
      end
    end
    return d.default_circle and d.default_circle(queue) or ''
  end

  local function known(queue, key, v)
    if failed(v) then
      return nil, absent(key, v)
    end
    if not v[1] and not v[2] and redis.call('EXISTS', key) == 0 then
      return nil, 'missing'
    end
    local state = state_of(v)
    state.circle = circle_at(queue, v, #STATE + 1)
    return state
  end

  function d.read_state(queue, id)
    local key = d.job_key(queue, id)
    return known(queue, key, redis.pcall('HMGET', key, unpack(brief)))
  end

  d.read_fence = d.read_state

  -- One command reads both, since a claim is bound by their number.
  function d.read_job(queue, id)
    local key = d.job_key(queue, id)
    local v = redis.pcall('HMGET', key, unpack(all))
    local state, why = known(queue, key, v)
    if not state then
      return nil, why
    end
    local fields = {}
    for i = 1, #d.handed_out do
      fields[i] = v[#STATE + i]
    end
    return state, nil, fields
  end

  -- circle_in picks the circle's name out of the fields of a claim.
  function d.circle_in(queue, fields)
    return circle_at(queue, fields, 1)
  end

  function d.circle_of(queue, id)
    local key = d.job_key(queue, id)
    if d.circle_fields == 0 then
      local found = redis.call('TYPE', key).ok
      if found ~= 'hash' then
        return nil, found == 'none' and 'missing' or 'its key holds a ' .. found .. ', not a hash'
      end
      return d.default_circle(queue)
    end
    local v = redis.pcall('HMGET', key, unpack(circle_fields))
    if failed(v) then
      return nil, absent(key, v)
    end
    if not v[1] and redis.call('EXISTS', key) == 0 then
      return nil, 'missing'
    end
    return d.circle_in(queue, v)
  end

  function d.is_ended(status)
    return d.words.ended[status]
  end

  -- set_started marks a job as running; fresh drops what an earlier run left.
  function d.set_started(queue, id, worker, attempt, run, begun, fresh)
    local key = d.job_key(queue, id)
    if fresh then
      redis.call('HDEL', key, 'end', 'failures', 'crashes', 'cancel',
        'progress', 'noted', 'output', 'error', 'henge:cost')
      redis.call('PERSIST', key)
    end
    local name, at = d.touched()
    redis.call('HSET', key, 'status', d.words.started, name, at,
      'worker', worker, 'queue', queue, 'attempt', attempt, 'run', run, 'begun', begun)
  end

  -- set_waiting marks a job as waiting in a list again; further fields follow.
  function d.set_waiting(queue, id, ...)
    local name, at = d.touched()
    redis.call('HSET', d.job_key(queue, id), 'status', d.words.waiting, name, at, ...)
  end

  -- set_held marks a job as waiting for something other than its turn.
  function d.set_held(queue, id, word)
    local name, at = d.touched()
    redis.call('HSET', d.job_key(queue, id), 'status', d.words[word], name, at, 'queue', queue)
  end

  function d.set(queue, id, ...)
    redis.call('HSET', d.job_key(queue, id), ...)
  end

  function d.get(queue, id, field)
    return redis.call('HGET', d.job_key(queue, id), field)
  end

  -- set_ended writes how a job ended; before is what read_state gave, if
  -- known. An output may stand beside an error; an output, error or cost that
  -- this end does not have is an older attempt's and goes.
  function d.set_ended(queue, id, before, ending, output, message, cost, dead)
    local key = d.job_key(queue, id)
    local ok = message == ''
    local name, at = d.touched()
    local there = {'status', d.ended_as(ok, ending, dead), name, at, 'end', ending}
    local gone = {}
    local function put(field, value, has)
      if has then
        there[#there + 1], there[#there + 2] = field, value
      else
        gone[#gone + 1] = field
      end
    end
    if not ok or before == nil or before.message then
      put('error', message, not ok)
    end
    put('output', output, ok or output ~= '')
    put('henge:cost', cost, cost ~= '')
    redis.call('HSET', key, unpack(there))
    if #gone > 0 then
      redis.call('HDEL', key, unpack(gone))
    end
    expire_job(key)
    d.set_reply(queue, id, ok and output or message)
  end
  return d
end

-- reply_list tells whoever waits at a list of replies. The key is the
-- producer's: when it holds something else the job has ended all the same.
local function reply_list(key, text)
  if not failed(redis.pcall('LPUSH', key, text)) then
    redis.call('PEXPIRE', key, REPLY_TTL)
  end
end
