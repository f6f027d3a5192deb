// Callbacks: sorts numbers by a comparison of the script's own, largest first,
// and weighs each with its place.
{
    const list = [];
    let x = 1;
    for (let i = 0; i < 300; i++) {
        x = (x * 16807) % 2147483647;
        list.push(x % 1000);
    }
    list.sort((a, b) => b - a);
    let sum = 0;
    for (const [place, number] of list.entries()) {
        sum += number * (place + 1);
    }
    sum
}
