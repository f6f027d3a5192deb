-- note writes what a running job says of itself, while it is still the
-- worker's: lines of its log, and how far it is.
--
-- ARGV[8] worker  ARGV[9] most log lines kept  ARGV[10] how long, ms
-- ARGV[11..14] dialect, list, id, attempt
-- ARGV[15] progress, '' for none new
-- ARGV[16] the first line's number: see unnoted in ending.lua
-- ARGV[17..] log lines
--
-- Returns 1, or 0 when the job is no longer the worker's: then nothing was
-- written.

local d, queue, id, attempt, first = dialect(ARGV[11]), ARGV[12], ARGV[13], ARGV[14], ARGV[16]
local state = holds(d, queue, id, attempt, ARGV[8])
if not state then
  return 0
end
append_log(d, queue, id, unnoted(d, queue, id, attempt, first, 17), #ARGV, tonumber(ARGV[9]), ARGV[10])
if first ~= '' and #ARGV > 16 then
  d.set(queue, id, 'noted', attempt .. ' ' .. int(tonumber(first) + #ARGV - 16))
end
if ARGV[15] ~= '' then
  d.set(queue, id, 'progress', ARGV[15])
  event(d, queue, id, 'progress', state.circle, 'progress', string.sub(ARGV[15], 1, MAX_ID))
end
return 1
