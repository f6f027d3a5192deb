-- herojobs_empty deletes jobs that wait in a list, with all that is kept of
-- them; of a job that runs only the id goes.
--
-- KEYS[1] the list
-- ARGV[8] how many in one call
--
-- Returns how many ids were taken out of the list: fewer than asked for when it
-- is empty.

local d, queue, n = dialect('herojobs'), KEYS[1], 0
while n < tonumber(ARGV[8]) do
  local id = redis.call('LPOP', queue)
  if not id then
    break
  end
  n = n + 1
  if not redis.call('ZSCORE', d.scope().lease, member(d, queue, id)) then
    redis.call('DEL', d.job_key(queue, id), d.own_key(queue, id), d.log_key(queue, id))
  end
end
return n
