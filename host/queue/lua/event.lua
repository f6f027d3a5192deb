-- event: what live views are told.

-- How many events one entry of a stream tells, at most: the streams are bounded
-- by their entries.
local MOST_TOLD = 16

-- What is to be told, by stream: fields and values. Those in front of an id hold
-- for the ids behind it too until they are said again: event, dialect, queue,
-- circle and, of one kind of event, what SHARED names.
local NEWS

local SHARED = {worker = true, ['end'] = true}

-- A list that was told already: it has grown, and another would have to.
local spare

each_call(function() NEWS = {} end)

-- tell writes what is to be told. It is called at the end of each script: one
-- entry for many jobs costs the server a tenth of an entry for each.
local function tell()
  for _, news in pairs(NEWS) do
    redis.call('XADD', news.key, 'MAXLEN', '~', ARGV[5], '*', unpack(news, 1, news.n))
    spare = news
  end
  NEWS = {}
end

-- room_in returns where the next events of a stream are to be told.
local function room_in(key)
  local news = NEWS[key]
  if news and news.count == MOST_TOLD then
    tell()
    news = nil
  end
  if not news then
    news, spare = spare or {}, nil
    news.key, news.count, news.n = key, 0, 0
    news.what, news.queue, news.circle, news.shared = nil, nil, nil, nil
    NEWS[key] = news
  end
  return news
end

-- introduce says what holds for the next ids, as far as it does not yet.
local function introduce(news, d, queue, what, circle, field, value)
  local n = news.n
  if news.what ~= what then
    news[n + 1], news[n + 2], n = 'event', what, n + 2
    news.what, news.shared = what, nil
  end
  if news.queue ~= queue then
    news[n + 1], news[n + 2], news[n + 3], news[n + 4], n = 'dialect', d.name, 'queue', queue, n + 4
    news.queue = queue
  end
  if news.circle ~= circle then
    news[n + 1], news[n + 2], n = 'circle', circle, n + 2
    news.circle = circle
  end
  if SHARED[field] and news.shared ~= value then
    news[n + 1], news[n + 2], n = field, value, n + 2
    news.shared = value
  end
  return n
end

-- events has live views told what happened to jobs of a circle, whose name is as
-- written, nil for none: to those of ids, from the one at i on. Fields and values
-- follow. event.go reads it.
local function events(d, queue, ids, i, what, circle, field, value, field2, value2)
  if EVENTS_MAX <= 0 then
    return
  end
  circle = circle and circle_name(d, circle) or ''
  local key, most = d.scope(queue).events, #ids
  local of_each = field and not SHARED[field]
  while i <= most do
    local news = room_in(key)
    local n = introduce(news, d, queue, what, circle, field, value)
    local last = math.min(most, i + MOST_TOLD - news.count - 1)
    news.count = news.count + last - i + 1
    for k = i, last do
      news[n + 1], news[n + 2], n = 'id', ids[k], n + 2
      if of_each then
        news[n + 1], news[n + 2], n = field, value, n + 2
      end
      if field2 then
        news[n + 1], news[n + 2], n = field2, value2, n + 2
      end
    end
    news.n, i = n, last + 1
  end
end

-- event tells of one job.
local function event(d, queue, id, ...)
  events(d, queue, {id}, 1, ...)
end
