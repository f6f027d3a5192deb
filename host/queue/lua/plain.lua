-- plain: how jobs are handed out that are as their producer wrote them and wait
-- for nothing but their turn. Nearly all are, and what is done for each of them
-- bounds how many a server can have handed out: so it is done here in one loop,
-- without a call of Lua for each step, and what is alike for all of a list once.
-- For whatever is otherwise there is take.

-- Redis goes through a small sorted set from its beginning for each member that is
-- asked for, until a member has been in it that is longer than 64 bytes. In a set
-- of many leases that takes longer than all else that is done with one.
local LONG_MEMBER, MANY = string.rep('-', 65), 8

-- plain_circle returns the circle that a plain job names, '' for none, and leaves
-- in found, which is names and values of its fields, those that are handed out;
-- nil for a job that is not plain.
local function plain_circle(known, found)
  local circle, given = '', 0
  for k = 1, #found, 2 do
    local name, value = found[k], found[k + 1]
    local kind = known[name]
    if kind == true then
      found[given + 1], found[given + 2], given = name, value, given + 2
    elseif kind == 'circle' and circle == '' then
      found[given + 1], found[given + 2], given, circle = name, value, given + 2, value
    elseif kind == nil or kind and (kind == 'circle' or not kind[value]) then
      return nil
    end
  end
  found[given + 1] = nil -- an answer ends there
  return circle
end

-- take_all hands out ids of a list, or puts them where they belong.
local function take_all(d, queue, ids)
  local known = not CAPS and d.known
  if not known then
    for _, id in ipairs(ids) do
      take(d, queue, id)
    end
    return
  end
  local call, pcall = redis.call, redis.pcall
  local before, head, lease = d.job_key(queue, ''), member(d, queue, ''), d.scope(queue).lease
  local started, touched, touched_at = d.words.started, d.touched()
  local default = d.default_circle and d.default_circle(queue) or ''
  local last, served -- the circle of the job before, and whether it is served
  local group, name, n
  -- close ends a group of jobs that are alike: what came in between stands behind.
  local function close()
    if group then
      events(d, queue, name, 4, 'started', last, 'worker', WORKER, 'attempt', '1')
      group = nil
    end
  end
  for i = 1, #ids do
    local id = ids[i]
    local key = before .. id
    local found = id ~= '' and #id <= MAX_ID and pcall('HGETALL', key) or {}
    local circle = #found > 0 and plain_circle(known, found)
    if circle then
      circle = circle == '' and default or circle
      if circle ~= last then
        close()
        last, served = circle, not d.shared or serves(circle_name(d, circle))
      end
    end
    if circle and served and call('ZADD', lease, 'NX', LEASE_ENDS, head .. id) == 1 then
      call('HSET', key, 'status', started, touched, touched_at,
        'worker', WORKER, 'queue', queue, 'attempt', '1', 'run', '1', 'begun', NOW_TEXT)
      if not group then
        group, name, n = {}, {d.name, queue, '1'}, 0
        jobs[#jobs + 1] = {d.name, queue, '1', '1', NOW_TEXT, '0', '0', LEASE_ENDS, group}
        names[#names + 1] = name
        if #ids - i >= MANY then
          call('ZADD', lease, LEASE_ENDS, LONG_MEMBER)
          call('ZREM', lease, LONG_MEMBER)
        end
      end
      n = n + 1
      group[2 * n - 1], group[2 * n], name[3 + n] = id, found, id
      handed = handed + 1
    else
      close()
      take(d, queue, id)
    end
  end
  close()
end
