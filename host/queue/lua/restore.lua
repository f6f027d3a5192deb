-- restore gives ids that were taken apart back to their shared list, to its
-- front, where they came from. A circle's ids keep their order; of the circles
-- among each other no order is known any more, so they take turns.
--
-- KEYS[1] the list
-- ARGV[8] dialect  ARGV[9] how many ids, at the most
-- ARGV[10..] of jobs that wait for room in a channel: the channel and the id
--
-- Returns how many ids were given back; 0 when none is left.

local d, queue, most = dialect(ARGV[8]), KEYS[1], tonumber(ARGV[9])
local scope, key = d.scope(queue), circles_key(d, queue)

for i = 10, #ARGV, 2 do
  local hold, m = hold_key(scope, ARGV[i]), member(d, queue, ARGV[i + 1])
  if redis.call('LREM', hold, 1, m) == 1 then
    requeue(d, queue, ARGV[i + 1])
  end
end

-- The last of all comes first, since each is put before the others.
local lists, longest = {}, 0
for _, circle in ipairs(redis.call('ZREVRANGE', key, 0, -1)) do
  local n = redis.call('LLEN', wait_key(d, queue, circle))
  lists[#lists + 1] = {circle = circle, n = n}
  longest = math.max(longest, n)
end
local moved = 0
while longest > 0 and moved < most do
  for _, l in ipairs(lists) do
    if l.n == longest then
      redis.call('LMOVE', wait_key(d, queue, l.circle), queue, 'LEFT', 'RIGHT')
      l.n, moved = l.n - 1, moved + 1
      if l.n == 0 then
        redis.call('ZREM', key, l.circle)
      end
    end
  end
  longest = longest - 1
end
return moved
