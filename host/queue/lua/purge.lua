-- purge ends jobs of a list that wait, as cancelled.
--
-- KEYS[1] the list
-- ARGV[8] dialect  ARGV[9] how many ids are looked at, at the most
-- ARGV[10] the error message that they end with
-- ARGV[11..] ids of this list that wait for something other than their turn
--
-- Returns {looked, ended}: how many ids were taken out of where they waited, 0
-- when nothing is left there, and how many jobs were ended.

local d, queue, most, why = dialect(ARGV[8]), KEYS[1], tonumber(ARGV[9]), ARGV[10]
local scope = d.scope(queue)
local looked, ended = 0, 0

local function stop(id, state)
  local m = member(d, state.queue or queue, id)
  redis.call('ZREM', scope.due, m)
  redis.call('ZREM', scope.waiting, m)
  end_job(d, state.queue or queue, id, state, 'cancelled', '', why, '')
  ended = ended + 1
end

local function runs(id, state)
  return redis.call('ZSCORE', scope.lease, member(d, state.queue or queue, id))
end

-- drop deals with an id that was taken out of a list. One whose job is not there
-- yet goes to limbo, as in a claim.
local function drop(id)
  looked = looked + 1
  if not readable(d, queue, id) then
    return
  end
  local state, missing = d.read_state(queue, id)
  if not state then
    return unreadable(d, queue, id, missing)
  end
  if not d.is_ended(state.status) and not runs(id, state) then
    stop(id, state)
  end
end

local function empty(key)
  while looked < most do
    local ids = redis.pcall(d.oldest, key, int(most - looked))
    if failed(ids) or not ids then
      return
    end
    for _, id in ipairs(ids) do
      drop(id)
    end
  end
end

for i = 11, #ARGV do
  local state = d.read_state(queue, ARGV[i])
  if state and not d.is_ended(state.status) and not runs(ARGV[i], state) then
    stop(ARGV[i], state)
  end
end
if d.shared then
  local key = circles_key(d, queue)
  while looked < most do
    local circle = redis.call('ZRANGE', key, 0, 0)[1]
    if not circle then
      break
    end
    empty(wait_key(d, queue, circle))
    if redis.call('EXISTS', wait_key(d, queue, circle)) == 0 then
      redis.call('ZREM', key, circle)
    end
  end
end
for _, key in ipairs(d.levels and d.levels(queue) or {queue}) do
  empty(key)
end
return {looked, ended}
