-- cancel ends a job that waits, or asks the worker of one that runs to stop it.
--
-- KEYS[1] a key of the job's scope
-- ARGV[8] dialect  ARGV[9] list, for a job that was never claimed
-- ARGV[10] id      ARGV[11] by whom or why, as the job's error message
-- ARGV[12] the channel on which workers listen for such messages
--
-- Returns what stop_job in stopping.lua does.

return stop_job(dialect(ARGV[8]), ARGV[9], ARGV[10], ARGV[11], ARGV[12])
