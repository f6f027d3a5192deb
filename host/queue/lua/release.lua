-- release hands jobs back that will not be run here, and counts nothing.
--
-- ARGV[8] worker
-- ARGV[9..] dialect, list, id, attempt of each job
--
-- Returns the positions, from 1, of the jobs that were no longer the worker's.

local lost = {}
for i = 9, #ARGV, 4 do
  local d, queue, id, attempt = dialect(ARGV[i]), ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local state = holds(d, queue, id, attempt, ARGV[8], 'ZREM')
  if state then
    leave_channels(d, queue, id, state)
    d.set_waiting(queue, id)
    requeue(d, queue, id)
    event(d, queue, id, 'released', state.circle, 'worker', ARGV[8])
  else
    lost[#lost + 1] = (i - 5) / 4
  end
end
return lost
