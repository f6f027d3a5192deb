-- finish ends attempts where no job is wanted in return.
--
-- ARGV[8] worker  ARGV[9] most log lines kept  ARGV[10] how long, ms
-- ARGV[11..] the attempts: see ending.lua
--
-- Returns for each 1 when it was written, 2 when it was written before, 0 when
-- the job is no longer the worker's.

return finish_all(11, ARGV[8], tonumber(ARGV[9]), ARGV[10])
