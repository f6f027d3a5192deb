-- channels: how many jobs may run at once, counted from leases that stand.
--
-- CAPS is what the worker was told, or nil:
--   circle    the most of each circle, circles the most of named ones
--   types     the most of each type
--   channels  the most of each channel, by 'circle/name' or by name alone
--   weights   how many jobs in a row a circle gets in its turn, 1 if not named

local CAPS
each_call(function() CAPS = nil end)

-- room says how many more jobs may start in a channel.
local function room(scope, channel, cap)
  return cap - redis.call('ZCOUNT', channel_key(scope, channel), NOW_TEXT, '+inf')
end

local function circle_cap(circle)
  return CAPS.circles and CAPS.circles[circle] or CAPS.circle
end

local function weight(circle)
  return CAPS and CAPS.weights and CAPS.weights[circle] or 1
end

-- cap_of returns how many jobs may run in a channel; nil for any number.
local function cap_of(channel)
  local kind, name = string.match(channel, '^(%a+)/(.*)$')
  if kind == 'circle' then
    return circle_cap(name)
  elseif kind == 'type' then
    return CAPS.types and CAPS.types[name]
  end
  return CAPS.channels and (CAPS.channels[name] or CAPS.channels[string.match(name, '/(.*)$') or ''])
end

-- channels_of returns the bounded channels that a job counts in.
local function channels_of(d, queue, circle, fields)
  local all, bounded = {'circle/' .. circle}, {}
  local kind = d.type_of(queue, fields)
  if kind then
    all[#all + 1] = 'type/' .. string.lower(kind)
  end
  local name = fields[d.channel or 0]
  if name and name ~= '' and #name <= MAX_ID and not string.find(name, '\n', 1, true) then
    all[#all + 1] = 'channel/' .. circle .. '/' .. name
  end
  for _, channel in ipairs(all) do
    if cap_of(channel) then
      bounded[#bounded + 1] = channel
    end
  end
  return bounded
end

local function hold_key(scope, channel)
  return scope.prefix .. 'hold:' .. channel
end

-- hold keeps a job until its channel has room.
local function hold(d, queue, id, channel, circle)
  local scope = d.scope(queue)
  redis.call('LPUSH', hold_key(scope, channel), member(d, queue, id))
  redis.call('ZADD', scope.held, 'NX', NOW_TEXT, channel)
  event(d, queue, id, 'held', circle, 'channel', channel)
end

-- unhold puts jobs whose channel has room, or is bounded no more, back in line.
local function unhold(scope, most)
  for _, channel in ipairs(redis.call('ZRANGE', scope.held, 0, most - 1)) do
    local cap = CAPS and cap_of(channel)
    local n = most
    if cap then
      n = math.min(n, room(scope, channel, cap))
    end
    local key = hold_key(scope, channel)
    if n > 0 then
      for _, m in ipairs(redis.call('RPOP', key, int(n)) or {}) do
        local d, queue, id = split(m)
        if d then
          requeue(d, queue, id)
        end
      end
    end
    if redis.call('EXISTS', key) == 0 then
      redis.call('ZREM', scope.held, channel)
    else
      redis.call('ZADD', scope.held, 'XX', NOW_TEXT, channel)
    end
  end
end
