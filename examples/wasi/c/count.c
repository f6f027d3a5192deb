/* Counts the lines, words and bytes of its payload: a plain program for WASI, which knows nothing of
 * henge. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	unsigned long lines = 0, words = 0, bytes = 0;
	int c, inside = 0;

	while ((c = getchar()) != EOF) {
		bytes++;
		lines += c == '\n';
		words += !isspace(c) && !inside;
		inside = !isspace(c);
	}
	if (bytes == 0) {
		fputs("there is nothing to count\n", stderr);
		return 3;
	}
	printf("%lu %lu %lu for %s in %s\n", lines, words, bytes, getenv("CALLER_ID"), getenv("CONTEXT_ID"));
	return 0;
}
