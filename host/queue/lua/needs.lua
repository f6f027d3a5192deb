-- needs: jobs that run only after others have finished.

-- How many jobs are looked at to find a cycle.
local MOST_WALKED = 1000

-- needed returns the ids that a job names as those it needs, nil for none or
-- for what cannot be read: then the worker refuses the job and says why.
local function needed(d, fields)
  local ids = {}
  for _, i in ipairs(d.needs or {}) do
    local text = fields[i]
    if text and text ~= '' and text ~= '[]' then
      local ok, list = pcall(cjson.decode, text)
      if not ok or type(list) ~= 'table' then
        return nil
      end
      for k, id in pairs(list) do
        if type(k) ~= 'number' or type(id) ~= 'string' or #id < 1 or #id > MAX_ID then
          return nil
        end
        ids[#ids + 1] = id
      end
    end
  end
  if #ids == 0 then
    return nil
  end
  table.sort(ids)
  return ids
end

-- cycle returns the way from a job back to itself over what it needs, or nil.
local function cycle(d, queue, id, first)
  local came, todo, walked = {}, {}, 0
  for _, n in ipairs(first) do
    if not came[n] then
      came[n] = id
      todo[#todo + 1] = n
    end
  end
  while #todo > 0 and walked < MOST_WALKED do
    local at = table.remove(todo)
    if at == id then
      local way, n = {id}, came[id]
      while n and n ~= id do
        table.insert(way, 1, n)
        n = came[n]
      end
      table.insert(way, 1, id)
      return table.concat(way, ' needs ')
    end
    walked = walked + 1
    local _, _, fields = d.read_job(queue, at)
    for _, n in ipairs(fields and needed(d, fields) or {}) do
      if not came[n] then
        came[n] = at
        todo[#todo + 1] = n
      end
    end
  end
  return nil
end

-- held_up says whether a job has to wait for others: false when not, true when
-- it was put where it is woken from, or a sentence when it can never run.
local function held_up(d, queue, id, fields, circle)
  local ids = needed(d, fields)
  if not ids then
    return false
  end
  local unfinished = {}
  for _, n in ipairs(ids) do
    local state = d.read_state(queue, n)
    if not state or not d.is_ended(state.status) then
      unfinished[#unfinished + 1] = n
    elseif state.status ~= d.words.done then
      return 'it needs job ' .. n .. ', which ended in ' .. (state.ending or state.status)
    end
  end
  if #unfinished == 0 then
    return false
  end
  local way = cycle(d, queue, id, unfinished)
  if way then
    return 'these jobs wait for each other: ' .. way
  end
  local m, scope = member(d, queue, id), d.scope(queue)
  for _, n in ipairs(unfinished) do
    redis.call('SADD', after_key(d, queue, n), m)
    local state = d.read_state(queue, n)
    if state then
      d.set(queue, n, 'awaited', '1')
      outdate(d, state.queue or queue, n)
    end
  end
  redis.call('ZADD', scope.waiting, 'NX', NOW_TEXT, m)
  d.set_held(queue, id, 'needs')
  event(d, queue, id, 'waiting', circle)
  return true
end
