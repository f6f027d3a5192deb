-- write: how a new job is written.

-- write_job writes a job and puts its id to a list, in one script, so that no
-- worker can see the id before the job. at is when it is to run, ms, 0 for now;
-- level is '' or that of its list. Fields and values follow, or what the
-- dialect's create takes. It returns the id, which is counted where it is
-- given as ''; or nil and why: 'exists', or a sentence. Then nothing was
-- written.
local function write_job(d, queue, id, at, level, ...)
  if id == '' then
    id = d.next_id(queue)
    if not id then
      return nil, 'no ids are left in ' .. queue .. ': use another topic'
    end
  end
  local key = d.job_key(queue, id)
  if redis.call('EXISTS', key) == 1 then
    return nil, 'exists'
  end
  -- First what can fail: the list may hold something else.
  if at > NOW then
    redis.call('ZADD', d.scope(queue).due, int(at), member(d, queue, id))
  elseif level ~= '' then
    redis.call(d.back, queue .. ':' .. level, id)
  else
    redis.call(d.back, queue, id)
  end
  if d.create then
    d.create(queue, id, at, ...)
  else
    redis.call('HSET', key, unpack(d.new(id)))
    redis.call('HSET', key, ...)
  end
  if at > NOW then
    event(d, queue, id, 'submitted', d.circle_of(queue, id), 'at_ms', int(at))
    d.set_held(queue, id, 'later')
    if d.run_at and not d.create then -- which has written it
      d.set(queue, id, d.handed_out[d.run_at], int(at))
    end
  else
    event(d, queue, id, 'submitted', d.circle_of(queue, id))
  end
  return id
end
