/*
 * replay.c - runs a fuzz target on the files of the directories named, without
 * libFuzzer: the corpora are part of the tests.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define LONGEST (1 << 20)

static int
replay_file(const char *dir, const char *name, uint8_t *bytes)
{
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		return -1;
	}
	n = fread(bytes, 1, LONGEST, f);
	fclose(f);
	LLVMFuzzerTestOneInput(bytes, n);
	return 0;
}

/* The number of files, or -1. */
static int
replay_dir(const char *dir, uint8_t *bytes)
{
	struct dirent *e;
	int n = 0;
	DIR *d;

	d = opendir(dir);
	if (d == NULL) {
		perror(dir);
		return -1;
	}
	while (n >= 0 && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n = replay_file(dir, e->d_name, bytes) < 0 ? -1 : n + 1;
	}
	closedir(d);
	return n;
}

int
main(int argc, char **argv)
{
	uint8_t *bytes = malloc(LONGEST);
	int total = 0, n;

	for (int i = 1; bytes != NULL && i < argc; i++) {
		n = replay_dir(argv[i], bytes);
		if (n <= 0) {
			fprintf(stderr, "%s: no input\n", argv[i]);
			free(bytes);
			return 1;
		}
		total += n;
	}
	free(bytes);
	printf("%s: %d inputs\n", argv[0], total);
	return total > 0 ? 0 : 1;
}
