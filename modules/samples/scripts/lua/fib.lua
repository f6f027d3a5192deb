-- Calls: the 16th Fibonacci number by plain recursion, in 3,193 calls.
local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

return fib(16)
