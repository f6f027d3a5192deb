// Calls: the 16th Fibonacci number by plain recursion, in 3,193 calls.
function fib(n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

fib(16)
