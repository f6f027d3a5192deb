// Text: joins words, takes the text apart again, and counts what is in it.
{
    let text = "";
    for (let i = 0; i < 500; i++) {
        if (i > 0) text += " ";
        text += i % 3 === 0 ? "Fizz" : `n${i}`;
    }
    const words = text.split(" ");
    let fizz = 0, digits = 0;
    for (const word of words) {
        if (word.toUpperCase() === "FIZZ") fizz++;
        else digits += word.slice(1).length;
    }
    `${text.length} ${words.length} ${fizz} ${digits}`
}
