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
--   read_fence(queue, id)         the same without a look at what others write
--   read_job(queue, id)           these, nil, and what a claim hands out
--   known                         the fields of a plain job: see known_of; where it
--                                 is missing, no job is taken for one, and no
--                                 tokens are given
--   circle_of(queue, id)          the circle's name as written, or nil and why
--   is_ended(status)
--   set_started, set_waiting, set_ended, set_reply

-- henge's own fields of a job, in the order of state_of.
local STATE = {'status', 'attempt', 'run', 'failures', 'crashes', 'worker', 'queue', 'end', 'cancel',
  'channels', 'error', 'awaited', 'begun'}

-- state_of makes a state of the values of STATE, which stand behind v[at].
local function state_of(v, at)
  return {
    status = v[at + 1], attempt = v[at + 2], run = v[at + 3], failures = v[at + 4],
    crashes = v[at + 5], worker = v[at + 6], queue = v[at + 7], ending = v[at + 8], cancel = v[at + 9],
    channels = v[at + 10], message = v[at + 11], awaited = v[at + 12], begun = v[at + 13],
  }
end

-- Two of them have another name in a state, where theirs would say too little.
local CALLED = {['end'] = 'ending', error = 'message'}
local IN_STATE = {}
for _, name in ipairs(STATE) do
  IN_STATE[name] = CALLED[name] or name
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
    redis.call('PEXPIRE', key, ARGV[4])
  end
end

-- known_of returns what take_all of plain.lua has to know of a field: true for one
-- that is handed out and says nothing about when the job runs, false for one that
-- henge makes no use of, 'circle' for one that may name the circle; of another the
-- values with which it says nothing.
local function known_of(d)
  local known = {}
  for i, name in ipairs(d.handed_out) do
    known[name] = i > d.circle_fields or 'circle'
  end
  for _, name in ipairs(d.passed_over) do
    known[name] = false
  end
  for _, i in ipairs(d.needs) do
    known[d.handed_out[i]] = {[''] = true, ['[]'] = true}
  end
  if d.run_at then
    known[d.handed_out[d.run_at]] = {[''] = true, ['0'] = true}
  end
  if d.reply then
    known[d.handed_out[d.reply]] = nil
  end
  known.status = {[d.words.waiting] = true}
  return known
end

-- hash_dialect completes a dialect that has, beside names and keys:
--   handed_out    the fields of a claim, which Go reads by their names
--   circle_fields how many of these, from the first, may name the circle
--   passed_over   other fields that producers write
--   words         the statuses: waiting in a list, started, needs (other jobs),
--                 later, done, and the set of those of ended jobs
--   ended_as(ok, ending, dead)  the status of a job that ended, dead for a
--                 dead letter
--   touched()     name and value of the field that says when it changed
local function hash_dialect(d)
  DIALECTS[d.name] = d
  local circle_fields = {unpack(d.handed_out, 1, d.circle_fields)}

  local brief = {unpack(circle_fields)}
  for _, name in ipairs(STATE) do
    brief[#brief + 1] = name
  end
  local place, nothing = {}, {}
  for i, name in ipairs(d.handed_out) do
    place[name], nothing[i] = i, false
  end
  d.known = known_of(d)

  -- circle_in picks the circle's name out of what was read.
  function d.circle_in(queue, v)
    for i = 1, d.circle_fields do
      if v[i] and v[i] ~= '' then
        return v[i]
      end
    end
    return d.default_circle and d.default_circle(queue) or ''
  end

  function d.read_state(queue, id)
    local key = d.job_key(queue, id)
    local v = redis.pcall('HMGET', key, unpack(brief))
    if failed(v) then
      return nil, absent(key, v)
    end
    local state = state_of(v, d.circle_fields)
    if not state.status and not state.attempt and redis.call('EXISTS', key) == 0 then
      return nil, 'missing'
    end
    state.circle = d.circle_in(queue, v)
    return state
  end

  d.read_fence = d.read_state

  -- read_job reads all fields, which takes half as long as to ask for each. A hash
  -- may have any number of them, but whoever wrote it could read it as well, and
  -- that would cost the server as much.
  function d.read_job(queue, id)
    local key = d.job_key(queue, id)
    local found = redis.pcall('HGETALL', key)
    if failed(found) or #found == 0 then
      return nil, absent(key, found)
    end
    local state, fields = {}, {unpack(nothing)}
    for i = 1, #found, 2 do
      local name = found[i]
      local at = place[name]
      if at then
        fields[at] = found[i + 1]
      elseif IN_STATE[name] then
        state[IN_STATE[name]] = found[i + 1]
      end
    end
    state.circle = d.circle_in(queue, fields)
    return state, nil, fields
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
    for _, field in ipairs(circle_fields) do
      local circle = redis.pcall('HGET', key, field)
      if failed(circle) then
        return nil, absent(key, circle)
      end
      if circle and circle ~= '' then
        return circle
      end
    end
    if redis.call('EXISTS', key) == 0 then
      return nil, 'missing'
    end
    return d.default_circle and d.default_circle(queue) or ''
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
    local there, gone = {'status', d.ended_as(ok, ending, dead), name, at, 'end', ending}, {}
    if not ok then
      there[7], there[8] = 'error', message
    elseif before == nil or before.message then
      gone[1] = 'error'
    end
    if ok or output ~= '' then
      there[#there + 1], there[#there + 2] = 'output', output
    else
      gone[#gone + 1] = 'output'
    end
    if cost ~= '' then
      there[#there + 1], there[#there + 2] = 'henge:cost', cost
    else
      gone[#gone + 1] = 'henge:cost'
    end
    redis.call('HSET', key, unpack(there))
    if #gone > 0 then
      redis.call('HDEL', key, unpack(gone))
    end
    expire_job(key)
    d.set_reply(queue, id, ok and output or message, before)
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
