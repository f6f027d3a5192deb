-- remove deletes a job that has ended, with its log and its reply.
--
-- KEYS[1] a key of the job's scope
-- ARGV[8] dialect  ARGV[9] list, for a job that does not know its own
-- ARGV[10] id
--
-- Returns 'missing', 'running' when it has not ended, 'removed'.

local d, id = dialect(ARGV[8]), ARGV[10]
local state = d.read_state(ARGV[9], id)
if not state then
  return 'missing'
end
if not d.is_ended(state.status) then
  return 'running'
end
local queue = state.queue or ARGV[9]
redis.call('DEL', d.job_key(queue, id), d.log_key(queue, id))
if d.own_key then
  redis.call('DEL', d.own_key(queue, id))
end
if d.reply_key then
  redis.call('DEL', d.reply_key(queue, id))
end
event(d, queue, id, 'removed', state.circle)
return 'removed'
