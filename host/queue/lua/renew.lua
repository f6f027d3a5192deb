-- renew gives the leases that a worker still holds another period.
--
-- ARGV[8] worker  ARGV[9] lease, ms
-- ARGV[10..] dialect, list, id, attempt of each job
--
-- Returns {lost, cancelled}: the positions, from 1, of the jobs that are no
-- longer the worker's, and {position, by whom or why} of those that are to be
-- stopped.

local lost, cancelled = {}, {}
local expiry = int(NOW + tonumber(ARGV[9]))
for i = 10, #ARGV, 4 do
  local d, queue, id, attempt = dialect(ARGV[i]), ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local state = holds(d, queue, id, attempt, ARGV[8])
  local position = (i - 6) / 4
  if not state then
    lost[#lost + 1] = position
  else
    prolong(d, queue, id, state, expiry)
    if state.cancel then
      cancelled[#cancelled + 1] = {position, state.cancel}
    end
  end
end
return {lost, cancelled}
