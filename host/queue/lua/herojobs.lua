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
  needs = {}, channel = 6, run_at = 8,
}
DIALECTS.herojobs = herojobs

do
  local d = herojobs
  local LIST = 'heroqueue:'
  -- A longer text is refused unread: a megabyte takes the server some
  -- milliseconds. Up to MOST_MARKED bytes it is told in the text as well.
  local MOST_TEXT, MOST_MARKED = 4194304, 67108864

  -- What follows the text and its type in a claim, in the order in which Go
  -- reads it; behind these comes the time to run at.
  local OPTIONS = {'henge:retries', 'henge:limits', 'henge:backoff', 'henge:channel', 'traceparent'}
  local ALL = {unpack(STATE)}
  d.handed_out = {'job', 'params_type'}
  for i, name in ipairs(OPTIONS) do
    ALL[#STATE + i], d.handed_out[2 + i] = name, name
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
  local last_read

  -- What was refused in this call, by key: see give_up.
  local refused

  each_call(function() last_read, refused = {}, {} end)

  local function read(queue, id)
    local why = no_id(id)
    if why then
      return nil, why
    end
    local key = d.job_key(queue, id)
    if last_read.key == key then
      return last_read
    end
    local length = redis.pcall('HSTRLEN', key, 'job')
    if failed(length) then
      return nil, absent(key, length)
    end
    local before = redis.call('HMGET', d.own_key(queue, id), 'refused', 'error')
    if before[1] and tonumber(before[1]) == length then
      return nil, before[2] or 'its field job was refused before', true
    end
    local members, last, much
    local text = length <= MOST_TEXT and redis.call('HGET', key, 'job')
    if text then
      members, last, much = json_members(text)
    elseif length > MOST_TEXT then
      last, much = 'its text is ' .. length .. ' bytes long: at most ' .. MOST_TEXT .. ' are allowed', true
    else
      return nil, 'missing'
    end
    if not members then
      local reason = 'its field job' .. string.sub(last, #'its text' + 1)
      refused[key] = much and length
      return nil, reason
    end
    last_read = {key = key, text = text, members = members, last = last}
    return last_read
  end

  -- change gives members new values, pairs of a name and a JSON text. It
  -- returns false where the text cannot be read.
  local function change(queue, id, changes)
    local job = read(queue, id)
    if not job then
      return false
    end
    redis.call('HSET', job.key, 'job', json_splice(job.text, changes, job.members, job.last))
    last_read = {}
    return true
  end

  local function seconds()
    return int(math.floor(NOW / 1000))
  end

  local function state_in(queue, job, v)
    local state = state_of(v, 0)
    state.circle = d.default_circle(queue)
    state.status = json_text(job.text, job.members.status)
    return state
  end

  -- read_fence is read_state without a look at the text, which anybody may have
  -- made long: the status is what henge wrote last.
  function d.read_fence(queue, id)
    local key = d.job_key(queue, id)
    local there = redis.pcall('HEXISTS', key, 'job')
    if there ~= 1 then
      return nil, absent(key, there)
    end
    local state = state_of(redis.call('HMGET', d.own_key(queue, id), unpack(STATE)), 0)
    state.circle = d.default_circle(queue)
    return state
  end

  function d.read_state(queue, id)
    local job, why, ended = read(queue, id)
    if ended then
      return d.read_fence(queue, id)
    end
    if not job then
      return nil, why
    end
    return state_in(queue, job, redis.call('HMGET', d.own_key(queue, id), unpack(STATE)))
  end

  -- read_job leaves out the text of a job that runs, whose id was pushed again.
  function d.read_job(queue, id)
    local v = redis.call('HMGET', d.own_key(queue, id), unpack(ALL))
    local fence = state_of(v, 0)
    if fence.queue and redis.call('ZSCORE', d.scope().lease, 'herojobs|' .. fence.queue .. '|' .. id) then
      return fence, nil, {}
    end
    local job, why = read(queue, id)
    if not job then
      return nil, why
    end
    local fields = {job.text, json_text(job.text, job.members.params_type) or false}
    for i = 1, #OPTIONS do
      fields[2 + i] = v[#STATE + i]
    end
    local scheduled = json_number(job.text, job.members.time_scheduled)
    fields[d.run_at] = scheduled and scheduled .. '000' or '' -- ms
    return state_in(queue, job, v), nil, fields
  end

  function d.is_ended(status)
    return d.words.ended[status]
  end

  function d.set_started(queue, id, worker, attempt, run, begun, fresh)
    local own = d.own_key(queue, id)
    local changes = {{'status', '"active"'}, {'time_start', seconds()}}
    if fresh then
      redis.call('HDEL', own, 'end', 'failures', 'crashes', 'cancel', 'progress', 'noted', 'error', 'henge:cost')
      redis.call('PERSIST', d.job_key(queue, id))
      changes[3], changes[4], changes[5] = {'time_end', '0'}, {'error', '""'}, {'result', '""'}
    end
    redis.call('HSET', own, 'status', 'active', 'worker', worker, 'queue', queue, 'attempt', attempt, 'run', run, 'begun', begun)
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

  function d.get(queue, id, field)
    return redis.call('HGET', d.own_key(queue, id), field)
  end

  function d.set_waiting(queue, id, ...)
    local more = {...}
    local changes = {{'status', '"new"'}}
    for i = 1, #more, 2 do
      if more[i] == 'error' then
        changes[2] = {'error', json_quote(more[i + 1])}
      end
    end
    redis.call('HSET', d.own_key(queue, id), 'status', 'new', ...)
    change(queue, id, changes)
  end

  function d.set_held(queue, id)
    redis.call('HSET', d.own_key(queue, id), 'queue', queue)
  end

  -- set_ended keeps the result beside a text that cannot be read.
  function d.set_ended(queue, id, _, ending, output, message, cost)
    local own = d.own_key(queue, id)
    local status = message == '' and 'done' or 'error'
    redis.call('HSET', own, 'status', status, 'end', ending)
    for name, value in pairs({error = message, ['henge:cost'] = cost}) do
      if value == '' then
        redis.call('HDEL', own, name)
      else
        redis.call('HSET', own, name, value)
      end
    end
    if not change(queue, id, {
      {'status', json_quote(status)}, {'time_end', seconds()}, {'error', json_quote(message)}, {'result', json_quote(output)},
    }) then
      redis.call('HSET', own, 'result', output)
    end
    expire_job(own)
    expire_job(d.job_key(queue, id))
  end

  -- give_up ends a job whose text is too much to go through. It is told at both
  -- ends of the text, since readers differ in which of two members of a name
  -- counts, and all other bytes stay. Its id pushed again costs no second look.
  function d.give_up(queue, id, reason)
    local key, own = d.job_key(queue, id), d.own_key(queue, id)
    local length = refused[key]
    if not length then
      if redis.call('HEXISTS', own, 'refused') == 1 then
        redis.call('HSET', own, 'status', 'error')
      end
      return
    end
    if length <= MOST_MARKED then
      local text = redis.call('HGET', key, 'job')
      local opened, to = string.find(text, '{', 1, true), string.find(text, '}[ \t\r\n]*$', -100)
      if opened and to and not string.find(string.sub(text, 1, opened - 1), '[^ \t\r\n]') then
        local told = '"status":"error","time_end":' .. seconds() .. ',"error":' .. json_quote(reason)
        text = table.concat({string.sub(text, 1, opened), told, ',', string.sub(text, opened + 1, to - 1), ',', told, string.sub(text, to)})
        redis.call('HSET', key, 'job', text)
        length = #text
      end
    end
    redis.call('HSET', own, 'status', 'error', 'end', 'refused', 'error', reason, 'queue', queue, 'refused', int(length))
    expire_job(own)
    expire_job(key)
  end

  -- set_members is for herojobs_set: pairs of a name and a text. It returns nil,
  -- 'missing', or why not.
  function d.set_members(queue, id, changes, ends)
    local job, why = read(queue, id)
    if not job then
      return why
    end
    for _, one in ipairs(changes) do
      one[2] = json_quote(one[2])
    end
    if ends then
      changes[#changes + 1] = {'time_end', seconds()}
    end
    change(queue, id, changes)
    if ends then
      expire_job(d.job_key(queue, id))
      expire_job(d.own_key(queue, id))
    end
  end

  function d.set_reply()
  end

  function d.type_of(_, fields)
    return fields[2]
  end
end
