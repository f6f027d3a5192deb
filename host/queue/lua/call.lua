-- call: what the server calls, of every script.

local function call(keys, arguments)
  KEYS, ARGV = keys, arguments
  for _, begin in ipairs(BEGINNINGS) do
    begin()
  end
  local answer = run()
  tell()
  return answer
end
