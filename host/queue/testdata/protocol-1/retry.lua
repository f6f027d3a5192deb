-- retry dispatches a job that has ended once more, by hand.
--
-- KEYS[1] a key of the job's scope
-- ARGV[8] dialect  ARGV[9] list, for a job that does not know its own
-- ARGV[10] id
-- ARGV[11] the member of dead that goes with it, '' for none
--
-- Returns 'missing', 'running' when it has not ended, 'queued' when it waits
-- again.

local d, id = DIALECTS[ARGV[8]], ARGV[10]
local state = d.read_state(ARGV[9], id)
if not state then
  return 'missing'
end
if not d.is_ended(state.status) then
  return 'running'
end
local queue = state.queue or ARGV[9]
d.set_waiting(queue, id)
-- A job that does not know its list was ended before anybody took its id out
-- of there: it is there still.
if state.queue then
  put_back(d, queue, circle_name(d, d.circle_of(queue, id) or ''), id)
end
if ARGV[11] ~= '' then
  redis.call('ZREM', d.scope(queue).dead, ARGV[11])
end
event(d, queue, id, 'dispatched')
return 'queued'
