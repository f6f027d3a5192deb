-- control does what producers ask for in control lists of the dialect hero.
-- What was asked is done in the step that takes it out, so a worker that dies
-- loses none of it; and whoever runs the job is told, be it another worker.
--
-- KEYS[1..] control lists
-- ARGV[8] the channel on which workers listen
-- ARGV[9] the error message of the jobs that are stopped
-- ARGV[10] how many messages, at the most
--
-- A message is {"op":"stop","job":"<id>"}, or an id alone.
--
-- Returns {more, notices}: 1 when there may be more, and {list, text, why} of
-- messages that could not be understood, cut to 200 bytes, with nil for the text
-- where the list itself could not be read.

local d, channel, reason, left = dialect('hero'), ARGV[8], ARGV[9], tonumber(ARGV[10])
local notices = {}

local function notice(list, text, why)
  notices[#notices + 1] = {list, text and string.sub(text, 1, 200), why}
end

-- asked returns the id of the job that a message asks to stop, or nil and why.
local function asked(text)
  local id = text
  if string.find(text, '^%s*[{%[]') then
    local ok, message = pcall(cjson.decode, text)
    if not ok or type(message) ~= 'table' then
      return nil, 'it is no JSON'
    end
    if message.op ~= 'stop' then
      return nil, 'its op is not stop'
    end
    id = message.job
  end
  if type(id) ~= 'string' or #id < 1 or #id > MAX_ID then
    return nil, 'it names no job'
  end
  return id
end

for _, list in ipairs(KEYS) do
  while left > 0 do
    local text = redis.pcall('RPOP', list)
    if failed(text) then
      notice(list, false, 'this key holds a ' .. redis.call('TYPE', list).ok .. ', not a list')
      break
    end
    if not text then
      break
    end
    left = left - 1
    local id, why = asked(text)
    if not id then
      notice(list, text, why)
    elseif stop_job(d, 'hero:q:work:', id, reason, channel) == 'missing' then
      notice(list, text, 'there is no such job')
    end
  end
end
return {left == 0 and 1 or 0, notices}
