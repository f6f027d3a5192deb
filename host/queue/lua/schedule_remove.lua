-- schedule_remove deletes a schedule. Jobs of it that were written stay.
--
-- KEYS[1] the circle's schedules
-- KEYS[2] the circles that have schedules; none on a cluster
-- ARGV[8] name  ARGV[9] circle
--
-- Returns 1, or 0 when there was none.

local there = redis.call('DEL', schedule_key(KEYS[1], ARGV[8]))
return math.max(there, unlist(KEYS[1], ARGV[8], KEYS[2], ARGV[9]))
