-- note writes what a running job says of itself, while it is still the
-- worker's: lines of its log, and how far it is.
--
-- ARGV[8] worker  ARGV[9] most log lines kept  ARGV[10] how long, ms
-- ARGV[11..14] dialect, list, id, attempt
-- ARGV[15] progress, '' for none new
-- ARGV[16..] log lines
--
-- Returns 1, or 0 when the job is no longer the worker's: then nothing was
-- written.

local d, queue, id = DIALECTS[ARGV[11]], ARGV[12], ARGV[13]
if not holds(d, queue, id, ARGV[14], ARGV[8]) then
  return 0
end
append_log(d, queue, id, 16, #ARGV, tonumber(ARGV[9]), ARGV[10])
if ARGV[15] ~= '' then
  d.set(queue, id, 'progress', ARGV[15])
  event(d, queue, id, 'progress', 'progress', ARGV[15])
end
return 1
