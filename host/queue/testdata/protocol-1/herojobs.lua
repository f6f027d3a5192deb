-- herojobs: a job is one JSON text in the field job of a hash
-- herojobs:{circle}:{topic}:{id}; its id waits in heroqueue:{circle}:{topic}.
--
-- Producers write the whole text again when they save a job. So what henge has
-- to keep, the fence above all, stands in a hash of its own beside it, and a
-- change splices the members that it is about and leaves every other byte.

local herojobs = {
  name = 'herojobs', shared = false,
  oldest = 'LPOP', newest = 'RPOP', back = 'RPUSH', front = 'LPUSH',
  words = {waiting = 'new', started = 'active', later = 'new', done = 'done', ended = {done = true, error = true}},
  needs = {}, channel = 6,
}
DIALECTS.herojobs = herojobs

do
  local d = herojobs
  local LIST = 'heroqueue:'
  local MOST_ID = 4294967295
  -- Ids that are taken are skipped one by one, and in growing steps after so
  -- many: another system may have written millions.
  local SKIPPED_SINGLY = 1000

  -- What follows the text and its type in a claim, in the order in which Go
  -- reads it.
  local OPTIONS = {'henge:retries', 'henge:limits', 'henge:backoff', 'henge:channel', 'traceparent'}
  local ALL = {unpack(STATE)}
  for i, name in ipairs(OPTIONS) do
    ALL[#STATE + i] = name
  end

  function d.scope()
    return scope_of('henge:')
  end

  -- The list's own text is in the key, as it was found: names are not fixed.
  function d.job_key(queue, id)
    return 'herojobs:' .. string.sub(queue, #LIST + 1) .. ':' .. id
  end

  -- own_key is also made in herojobs.go.
  function d.own_key(queue, id)
    return 'henge:job:herojobs|' .. queue .. '|' .. id
  end

  function d.log_key(queue, id)
    return 'henge:log:herojobs|' .. queue .. '|' .. id
  end

  function d.default_circle(queue)
    return string.match(queue, '^heroqueue:([^:]*)') or ''
  end

  function d.circle_in(queue)
    return d.default_circle(queue)
  end

  -- canonical is circleOfHeroJobs in herojobs.go.
  function d.canonical(name)
    local fixed = fix_name(name)
    local n = #fixed
    if (n == 66 or n == 130) and not string.find(fixed, '[^0-9a-f]') then
      return fixed
    end
    return n <= 64 and string.find(fixed, '^[0-9a-z]') and fixed or ''
  end

  local function no_id(id)
    return string.find(id, '%D') and 'its id is not a whole number: write e.g. 7'
  end

  -- circle_of leaves the text to whoever takes the job.
  function d.circle_of(queue, id)
    local why = no_id(id)
    if why then
      return nil, why
    end
    local key = d.job_key(queue, id)
    local found = redis.pcall('HEXISTS', key, 'job')
    if failed(found) then
      return nil, absent(key, found)
    end
    if found == 0 then
      return nil, 'missing'
    end
    return d.default_circle(queue)
  end

  -- The job read last. A script reads a job and then changes it, and going
  -- through the text is most of what either costs.
  local last_read = {}

  local function read(queue, id)
    local why = no_id(id)
    if why then
      return nil, why
    end
    local key = d.job_key(queue, id)
    if last_read.key == key then
      return last_read
    end
    local text = redis.pcall('HGET', key, 'job')
    if failed(text) then
      return nil, absent(key, text)
    end
    if not text then
      return nil, 'missing'
    end
    local members, last = json_members(text)
    if not members then
      return nil, 'its field job' .. string.sub(last, #'its text' + 1)
    end
    last_read = {key = key, text = text, members = members, last = last}
    return last_read
  end

  -- change gives members new values, pairs of a name and a JSON text.
  local function change(queue, id, changes)
    local job = read(queue, id)
    if job then
      redis.call('HSET', job.key, 'job', json_splice(job.text, changes, job.members, job.last))
      last_read = {}
    end
  end

  local function seconds()
    return int(math.floor(NOW / 1000))
  end

  local function state_in(job, v)
    local state = state_of(v)
    state.status = json_text(job.text, job.members.status)
    return state
  end

  function d.read_state(queue, id)
    local job, why = read(queue, id)
    if not job then
      return nil, why
    end
    return state_in(job, redis.call('HMGET', d.own_key(queue, id), unpack(STATE)))
  end

  function d.read_job(queue, id)
    local job, why = read(queue, id)
    if not job then
      return nil, why
    end
    local v = redis.call('HMGET', d.own_key(queue, id), unpack(ALL))
    local fields = {job.text, json_text(job.text, job.members.params_type) or false}
    for i = 1, #OPTIONS do
      fields[2 + i] = v[#STATE + i]
    end
    return state_in(job, v), nil, fields
  end

  function d.is_ended(status)
    return d.words.ended[status]
  end

  function d.set_started(queue, id, worker, attempt, run, fresh)
    local own = d.own_key(queue, id)
    local changes = {{'status', '"active"'}, {'time_start', seconds()}}
    if fresh then
      redis.call('HDEL', own, 'end', 'failures', 'crashes', 'cancel', 'progress', 'error', 'henge:cost')
      redis.call('PERSIST', d.job_key(queue, id))
      changes[3], changes[4], changes[5] = {'time_end', '0'}, {'error', '""'}, {'result', '""'}
    end
    redis.call('HSET', own, 'worker', worker, 'queue', queue, 'attempt', attempt, 'run', run)
    redis.call('PERSIST', own)
    change(queue, id, changes)
  end

  -- set gives a hash that was not there the time of an ended job, which goes
  -- when the job starts: one made for a job that others ended must not stay.
  function d.set(queue, id, ...)
    local own = d.own_key(queue, id)
    local made = redis.call('EXISTS', own) == 0
    redis.call('HSET', own, ...)
    if made then
      expire_job(own)
    end
  end

  function d.set_waiting(queue, id, ...)
    local more = {...}
    local changes = {{'status', '"new"'}}
    for i = 1, #more, 2 do
      if more[i] == 'error' then
        changes[2] = {'error', json_quote(more[i + 1])}
      end
    end
    if #more > 0 then
      redis.call('HSET', d.own_key(queue, id), ...)
    end
    change(queue, id, changes)
  end

  function d.set_held(queue, id)
    redis.call('HSET', d.own_key(queue, id), 'queue', queue)
  end

  function d.set_ended(queue, id, _, ending, output, message, cost)
    local own = d.own_key(queue, id)
    redis.call('HSET', own, 'end', ending)
    for name, value in pairs({error = message, ['henge:cost'] = cost}) do
      if value == '' then
        redis.call('HDEL', own, name)
      else
        redis.call('HSET', own, name, value)
      end
    end
    change(queue, id, {
      {'status', message == '' and '"done"' or '"error"'}, {'time_end', seconds()},
      {'error', json_quote(message)}, {'result', json_quote(output)},
    })
    expire_job(own)
    expire_job(d.job_key(queue, id))
  end

  function d.set_reply()
  end

  function d.type_of(_, fields)
    return fields[2]
  end

  local function ids_key(queue)
    return 'henge:herojobs:ids:' .. string.sub(queue, #LIST + 1)
  end

  -- next_id counts a list's ids up from 1, past those that others have given
  -- away; nil when there are no more.
  function d.next_id(queue)
    local step, tries = 1, 0
    while true do
      local id = redis.call('INCRBY', ids_key(queue), step)
      if id > MOST_ID then
        return nil
      end
      if redis.call('EXISTS', d.job_key(queue, int(id))) == 0 then
        return int(id)
      end
      tries = tries + 1
      if tries > SKIPPED_SINGLY then
        step = step * 2
      end
    end
  end

  -- create writes a new job: its text, then fields of henge's own and values.
  -- The counter never falls behind an id that a producer chose.
  function d.create(queue, id, at, text, ...)
    if count(redis.call('GET', ids_key(queue))) < tonumber(id) then
      redis.call('SET', ids_key(queue), id)
    end
    local when = at > NOW and int(math.floor(at / 1000)) or seconds()
    redis.call('DEL', d.own_key(queue, id))
    redis.call('HSET', d.job_key(queue, id), 'job', json_splice(text, {{'jobid', id}, {'time_scheduled', when}}))
    if select('#', ...) > 0 then
      redis.call('HSET', d.own_key(queue, id), ...)
    end
  end
end
