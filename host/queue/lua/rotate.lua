-- rotate: whose turn it is. What waits is seen as sources, each a list with
-- jobs of one circle; they are served in turn, as many jobs of each as its
-- weight says.

-- How many ids are taken apart from a shared list in one call.
local APART

-- Where all circles are served, this many have their turn in one call.
local MOST_CIRCLES = 64

-- LEAVE takes only the ids of circles that are served out of a shared list,
-- and looks at this many of it.
local LEAVE
local MOST_LEFT = 1000

-- The circles served, false for all of them; LONG says that there are so many
-- that they were not sent along.
local CIRCLES, LONG
each_call(function() CIRCLES, LONG = false, false end)

-- This many waiting circles are looked at, at most, to find served ones.
local MOST_WAITING = 4096

-- turns counts the sources served; capped says that one was left for its cap.
local turns, capped
each_call(function() turns, capped = 0, false end)

-- group sorts ids by their circle.
local function group(d, queue, ids)
  local groups, order = {}, {}
  for _, id in ipairs(ids) do
    if readable(d, queue, id) then
      local name, why = d.circle_of(queue, id)
      if name then
        local circle = circle_name(d, name)
        if not groups[circle] then
          groups[circle] = {}
          order[#order + 1] = circle
        end
        table.insert(groups[circle], id)
      else
        unreadable(d, queue, id, why)
      end
    end
  end
  return groups, order
end

-- take_apart moves ids from a shared list to the waiting lists of their
-- circles.
local function take_apart(d, queue, n)
  local groups, order = group(d, queue, redis.call('RPOP', queue, int(n)))
  for _, circle in ipairs(order) do
    redis.call('LPUSH', wait_key(d, queue, circle), unpack(groups[circle]))
    announce(d, queue, circle)
  end
end

-- pick_out does the same with the ids of served circles alone, and leaves the
-- others, and what cannot be read, in their place.
local function pick_out(d, queue)
  local ids = redis.call('LRANGE', queue, -MOST_LEFT, -1)
  for i = #ids, 1, -1 do
    local id = ids[i]
    local name = #id <= MAX_ID and d.circle_of(queue, id)
    local circle = name and circle_name(d, name)
    if circle and circle ~= '' and serves(circle) then
      redis.call('LREM', queue, -1, id)
      put_back(d, queue, circle, id)
    end
  end
end

-- rotation returns the served circles that have something waiting, the one
-- that was served longest ago first. It looks at the shorter of the two:
-- the circles that wait or the circles that are served.
local function rotation(d, queue)
  local key = circles_key(d, queue)
  if not CIRCLES then
    return redis.call('ZRANGE', key, 0, MOST_CIRCLES - 1)
  end
  local found = {}
  if LONG or redis.call('ZCARD', key) <= #CIRCLES + 1 then
    for _, circle in ipairs(redis.call('ZRANGE', key, 0, MOST_WAITING - 1)) do
      if serves(circle) then
        found[#found + 1] = circle
      end
      if #found == MOST_CIRCLES then
        break
      end
    end
    return found
  end
  local at = {}
  local function look(circle)
    local score = redis.call('ZSCORE', key, circle)
    if score then
      at[circle] = tonumber(score)
      found[#found + 1] = circle
    end
  end
  look('')
  for _, circle in ipairs(CIRCLES) do
    look(circle)
  end
  table.sort(found, function(a, b)
    if at[a] ~= at[b] then
      return at[a] < at[b]
    end
    return a < b
  end)
  return found
end

-- not_a_list tells of a key that somebody else has written to.
local function not_a_list(key)
  notice(key, '', 'this key holds a ' .. redis.call('TYPE', key).ok .. ', not a list: nothing can be taken from it')
end

-- pop takes up to n ids from a source.
local function pop(s, n)
  local ids = {}
  for _, key in ipairs(s.keys) do
    if #ids < n then
      local found = redis.pcall(s.pop, key, int(n - #ids))
      if failed(found) then
        not_a_list(key)
      elseif #ids == 0 then
        ids = found or ids
      else
        for _, id in ipairs(found or {}) do
          ids[#ids + 1] = id
        end
      end
    end
  end
  return ids
end

-- share says how many jobs a source may give in a round, of those that were
-- wanted when it began; heavy is what all sources weigh.
local function share(s, wanted, heavy)
  local w = weight(s.circle)
  local n = wanted < heavy and w or math.floor(wanted * w / heavy)
  n = math.min(n, WANT - handed)
  local cap = CAPS and circle_cap(s.circle)
  if cap then
    n = math.min(n, room(s.d.scope(s.queue), 'circle/' .. s.circle, cap))
  end
  return n
end

-- rotate takes jobs of each source in turn until there are enough, or until
-- enough ids were looked at.
local function rotate(sources)
  local alive, tries = sources, 0
  while #alive > 0 and handed < WANT and tries < WANT + APART do
    local still, wanted, heavy = {}, WANT - handed, 0
    for _, s in ipairs(alive) do
      heavy = heavy + weight(s.circle)
    end
    for _, s in ipairs(alive) do
      if handed >= WANT then
        still[#still + 1] = s
      else
        local n = share(s, wanted, heavy)
        if n <= 0 then
          capped, s.capped = true, true
        else
          local ids = pop(s, n)
          turns, tries = turns + 1, tries + #ids
          s.turn, s.served = turns, (s.served or 0) + #ids
          take_all(s.d, s.queue, ids)
          s.empty = #ids < n
          if not s.empty then
            still[#still + 1] = s
          end
        end
      end
    end
    alive = still
  end
end

-- moved_on remembers who was served: a circle goes behind the others when it
-- had as many jobs as its weight says.
local function moved_on(s)
  if not s.shared or not s.turn then
    return
  end
  local key = circles_key(s.d, s.queue)
  if redis.call('EXISTS', s.keys[1]) == 0 then
    redis.call('ZREM', key, s.circle)
    return
  end
  local w = weight(s.circle)
  if w > 1 then
    local credit = 'henge:credit:' .. s.d.name .. '|' .. s.queue
    if redis.call('HINCRBY', credit, s.circle, int(s.served)) < w then
      return
    end
    redis.call('HDEL', credit, s.circle)
  end
  redis.call('ZADD', key, int(NOW_US + s.turn), s.circle)
end

-- sources_of adds what waits of a list, and says whether there is more in it
-- than was looked at. What a short list holds is handed out on the way.
local function sources_of(d, queue, sources)
  if not d.shared then
    local keys = d.levels and d.levels(queue) or {queue}
    sources[#sources + 1] = {d = d, queue = queue, circle = circle_name(d, d.default_circle(queue)), keys = keys,
      pop = NEWEST and d.newest or d.oldest}
    return false
  end
  local length = redis.pcall('LLEN', queue)
  if failed(length) then
    not_a_list(queue)
    return false
  end
  local waiting = redis.call('EXISTS', circles_key(d, queue)) == 1
  if LEAVE and length > 0 then
    pick_out(d, queue)
    waiting, length = true, 0
  elseif NEWEST and length > 0 then
    sources[#sources + 1] = {d = d, queue = queue, circle = '', keys = {queue}, pop = d.newest}
  elseif length > 0 and not waiting and length <= WANT - handed and not CAPS then
    take_all(d, queue, redis.call('RPOP', queue, length))
    return false
  elseif length > 0 then
    take_apart(d, queue, math.min(length, APART))
    waiting = true
  end
  if waiting then
    for _, circle in ipairs(rotation(d, queue)) do
      sources[#sources + 1] = {d = d, queue = queue, circle = circle, shared = true,
        keys = {wait_key(d, queue, circle)}, pop = 'RPOP'}
    end
  end
  return length > APART and not NEWEST
end
