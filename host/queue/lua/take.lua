-- take: what becomes of an id that was popped. It is handed out, or put where
-- it belongs.

-- What a claim was told; claim.lua sets these.
local WORKER, LEASE_ENDS, WANT
local serves

-- jobs are what is answered, of which handed is the number; names are what
-- answer.lua keeps of them.
local jobs, names, handed, notices, parked
each_call(function() jobs, names, handed, notices, parked = {}, {}, 0, {}, false end)

local function notice(queue, id, text)
  notices[#notices + 1] = {queue, id, text}
end

-- readable sends away what is no id, and says whether the id is one.
local function readable(d, queue, id)
  if #id >= 1 and #id <= MAX_ID then
    return true
  end
  bury_unread(d, queue, id, 'the id is ' .. #id .. ' bytes long: 1 to ' .. MAX_ID .. ' are allowed', notice)
  return false
end

-- unreadable sends away an id whose job cannot be read.
local function unreadable(d, queue, id, why)
  if why == 'missing' then
    parked = true
    park(d, queue, id)
  else
    bury_unread(d, queue, id, why, notice)
  end
end

-- waits_elsewhere reports whether an id is a copy of one that is due, waits for
-- other jobs, or is leased. A job that was never handed out and runs is seen
-- when it is leased a second time.
local function waits_elsewhere(d, queue, id, state)
  if not state.queue then
    return false
  end
  local scope, last = d.scope(queue), member(d, state.queue, id)
  return redis.call('ZSCORE', scope.due, last)
    or (state.status == d.words.needs and redis.call('ZSCORE', scope.waiting, last))
    or redis.call('ZSCORE', scope.lease, last)
end

-- full returns the first of a job's channels that has no room.
local function full(scope, channels)
  for _, channel in ipairs(channels) do
    if room(scope, channel, cap_of(channel)) <= 0 then
      return channel
    end
  end
end

-- lease gives the worker a job, and says whether it did: not when it runs already,
-- which a copy of its id finds whose job lost the fields that say so.
local function lease(d, queue, id, channels)
  local scope, m = d.scope(queue), member(d, queue, id)
  if redis.call('ZADD', scope.lease, 'NX', LEASE_ENDS, m) == 0 then
    return false
  end
  if not channels or #channels == 0 then
    return true
  end
  for _, channel in ipairs(channels) do
    redis.call('ZADD', channel_key(scope, channel), LEASE_ENDS, m)
  end
  d.set(queue, id, 'channels', table.concat(channels, '\n'))
  return true
end

-- named returns the fields that are handed out, each behind its name.
local function named(d, fields)
  local all, n = {}, 0
  for i, name in ipairs(d.handed_out) do
    if fields[i] then
      all[n + 1], all[n + 2], n = name, fields[i], n + 2
    end
  end
  return all
end

-- take hands out one id, or puts it where it belongs.
local function take(d, queue, id)
  if not readable(d, queue, id) then
    return
  end
  local state, why, fields = d.read_job(queue, id)
  if not state then
    return unreadable(d, queue, id, why)
  end
  if d.is_ended(state.status) then
    if not state.queue then
      d.set(queue, id, 'queue', queue) -- for a retry by hand
    end
    return
  end
  if waits_elsewhere(d, queue, id, state) then
    return
  end
  local circle = circle_name(d, d.circle_in(queue, fields))
  if d.shared and not serves(circle) then
    return put_back(d, queue, circle, id)
  end
  local at = d.run_at and count(fields[d.run_at]) or 0
  if at > NOW then
    d.set_held(queue, id, 'later')
    event(d, queue, id, 'scheduled', state.circle, 'at_ms', int(at))
    return redis.call('ZADD', d.scope(queue).due, int(at), member(d, queue, id))
  end
  local wait = held_up(d, queue, id, fields, state.circle)
  if wait == true then
    return
  elseif wait then
    d.set(queue, id, 'queue', queue) -- for a retry by hand
    return end_job(d, queue, id, state, 'prerequisite_failed', '', wait, '')
  end
  local channels
  if CAPS then
    channels = channels_of(d, queue, circle, fields)
    local channel = full(d.scope(queue), channels)
    if channel then
      return hold(d, queue, id, channel, state.circle)
    end
  end
  if not lease(d, queue, id, channels) then
    return
  end
  -- An ended job whose producer set the status back is dispatched anew.
  local fresh = state.ending and true or false
  local attempt = int(count(state.attempt) + 1)
  local run, begun = count(state.run), NOW_TEXT
  if fresh or run == 0 then
    run = int(run + 1)
  else
    run, begun = int(run), int(count(state.begun))
  end
  d.set_started(queue, id, WORKER, attempt, run, begun, fresh)
  event(d, queue, id, 'started', state.circle, 'worker', WORKER, 'attempt', attempt)
  local nothing_more = d.known and not CAPS and not state.awaited and (fresh or not (state.message or state.cancel)) and not fields[d.reply or 0]
  handed = handed + 1
  jobs[#jobs + 1] = {d.name, queue, attempt, run, begun,
    int(fresh and 0 or count(state.failures)), int(fresh and 0 or count(state.crashes)),
    nothing_more and LEASE_ENDS or '', {id, named(d, fields)}}
  names[#names + 1] = {d.name, queue, attempt, id}
end
