-- schedule_defer has a schedule looked at later: one that cannot be run, or that
-- was listed for an earlier time than its next tick. One that is not there is
-- taken out of the list.
--
-- KEYS[1] the circle's schedules
-- KEYS[2] the circles that have schedules; none on a cluster
-- ARGV[8] name  ARGV[9] when, ms; with a + in front from now on
-- ARGV[10] circle
--
-- Returns 1, or 0 when it was not there.

local set, name, at = KEYS[1], ARGV[8], tonumber(ARGV[9])
if redis.call('EXISTS', schedule_key(set, name)) == 0 then
  unlist(set, name, KEYS[2], ARGV[10])
  return 0
end
if string.sub(ARGV[9], 1, 1) == '+' then
  at = NOW + at
end
redis.call('ZADD', set, 'XX', int(at), name)
return 1
