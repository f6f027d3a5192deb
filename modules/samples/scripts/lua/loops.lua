-- Arithmetic: sums up the remainders of i * i + j.
local sum = 0
for i = 0, 69 do
  for j = 0, 69 do
    sum = sum + (i * i + j) % 7
  end
end
return sum
