-- event: what live views are told.

-- How many events one entry of a stream tells, at most: the streams are bounded
-- by their entries.
local MOST_TOLD = 16

-- What is to be told, by stream: fields and values. Those in front of an id hold
-- for the ids behind it too until they are said again: event, dialect, queue,
-- circle and, of one kind of event, what SHARED names.
local NEWS
each_call(function() NEWS = {} end)

local SHARED = {worker = true, ['end'] = true}

local function add(news, field, value)
  local n = news.n
  news[n + 1], news[n + 2], news.n = field, value, n + 2
end

-- tell writes what is to be told. It is called at the end of each script: one
-- entry for many jobs costs the server a tenth of an entry for each.
local function tell()
  for _, news in pairs(NEWS) do
    redis.call('XADD', news.key, 'MAXLEN', '~', ARGV[5], '*', unpack(news, 1, news.n))
  end
  NEWS = {}
end

-- event has live views told what happened to a job of a circle, whose name is as
-- written, nil for none; fields and values follow. event.go reads it.
local function event(d, queue, id, what, circle, field, value, field2, value2)
  if EVENTS_MAX <= 0 then
    return
  end
  circle = circle and circle_name(d, circle) or ''
  local key = d.scope(queue).events
  local news = NEWS[key]
  if news and news.count == MOST_TOLD then
    tell()
    news = nil
  end
  if not news then
    news = {key = key, count = 0, n = 0}
    NEWS[key] = news
  end
  news.count = news.count + 1
  if news.what ~= what then
    news.what, news.shared = what, nil
    add(news, 'event', what)
  end
  if news.queue ~= queue then
    news.queue = queue
    add(news, 'dialect', d.name)
    add(news, 'queue', queue)
  end
  if news.circle ~= circle then
    news.circle = circle
    add(news, 'circle', circle)
  end
  local shared = SHARED[field]
  if shared and news.shared ~= value then
    news.shared = value
    add(news, field, value)
  end
  add(news, 'id', id)
  if field and not shared then
    add(news, field, value)
  end
  if field2 then
    add(news, field2, value2)
  end
end
