// Arithmetic: sums up the remainders of i * i + j.
{
    let sum = 0;
    for (let i = 0; i < 70; i++) {
        for (let j = 0; j < 70; j++) {
            sum += (i * i + j) % 7;
        }
    }
    sum
}
