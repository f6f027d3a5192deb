-- release hands jobs back that will not be run here, and counts nothing.
--
-- ARGV[4] worker
-- ARGV[5..] list, id, attempt of each job
--
-- Returns the positions, from 1, of the jobs that were no longer the worker's.

local lost = {}
for i = 5, #ARGV, 3 do
  local queue, id, attempt = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if holds(queue, id, attempt, ARGV[4]) then
    redis.call('ZREM', LEASE, member(queue, id))
    set_waiting(id)
    requeue(queue, id)
  else
    lost[#lost + 1] = (i - 2) / 3
  end
end
return lost
