-- herojobs_id gives away the next id of a circle and topic.
--
-- KEYS[1] the list
-- ARGV[8] unused
--
-- Returns the id, or nil when there are no more.

return dialect('herojobs').next_id(KEYS[1])
