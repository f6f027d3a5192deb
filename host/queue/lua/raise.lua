-- raise has ids of new jobs begin above those that were given away: Redis may
-- have lost its counters, and the history on disk knows better.
--
-- ARGV[8..] counter, highest id that was used
--
-- Returns how many counters were raised.

local raised = 0
for i = 8, #ARGV, 2 do
  if count(redis.call('GET', ARGV[i])) < tonumber(ARGV[i + 1]) then
    redis.call('SET', ARGV[i], ARGV[i + 1])
    raised = raised + 1
  end
end
return raised
