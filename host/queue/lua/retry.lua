-- retry dispatches a job that has ended once more, by hand.
--
-- KEYS[1] a key of the job's scope
-- ARGV[8] dialect  ARGV[9] list, for a job that does not know its own
-- ARGV[10] id
-- ARGV[11] the dead letter that it goes with, '' for none
--
-- Returns 'missing', 'gone' when the letter is, 'running' when the job has not
-- ended, 'queued' when it waits again.

local d, id, letter = dialect(ARGV[8]), ARGV[10], ARGV[11]
local dead = d.scope(ARGV[9]).dead
if letter ~= '' and not redis.call('ZSCORE', dead, letter) then
  return 'gone'
end
local state = d.read_state(ARGV[9], id)
if not state then
  return 'missing'
end
-- The job of an id that was given up may have come since: nobody took it, and
-- its id is in no list.
local late = letter ~= '' and not state.queue and not redis.call('ZSCORE', d.scope(ARGV[9]).lease, member(d, ARGV[9], id))
if not d.is_ended(state.status) and not late then
  return 'running'
end
local queue = state.queue or ARGV[9]
d.set_waiting(queue, id)
-- Without a letter, a job that does not know its list was ended before anybody
-- took its id out of there: it is there still.
if state.queue or letter ~= '' then
  put_back(d, queue, circle_name(d, d.circle_of(queue, id) or ''), id)
end
if letter ~= '' then
  redis.call('ZREM', dead, letter)
end
event(d, queue, id, 'dispatched', state.circle)
return 'queued'
