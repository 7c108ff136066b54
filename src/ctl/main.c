/*
 * main.c - steelyardctl(8): one line to the stats socket, and its answer.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/text.h"
#include "base/version.h"
#include "ctl/speech.h"

#define DEFAULT_SOCKET "/run/steelyard/stats.sock"
#define PATIENCE 10		/* seconds without a byte */
#define PAYLOAD_MOST ((size_t)1 << 20)

struct options {
	const char *socket;
	bool json;
};

static int
usage(FILE *to)
{
	fprintf(to, "usage: steelyardctl [-hjV] [-s socket] command ...\n"
	    "  -s socket  the stats socket (%s)\n"
	    "  -j         answers of show and explain as JSON\n"
	    "  -V         print the version\n"
	    "  -h         print this\n"
	    "commands, for instance:\n"
	    "  help                                what there is\n"
	    "  show health                         each server, and why\n"
	    "  show stat                           counters as CSV\n"
	    "  explain GET http://host/path        where it would go, and why\n"
	    "  set server web/a state drain        no new requests to it\n"
	    "  set server web/a weight 50%%         half its weight\n"
	    "  reload                              the configuration anew\n"
	    "  set ssl cert /path/www.pem '<<' < www.pem    then commit ssl cert\n"
	    "  'show info; show errors'            several at once\n"
	    "exit status: 0 done, 1 refused or failed, 64 wrong usage,\n"
	    "             69 the socket cannot be reached\n", DEFAULT_SOCKET);
	return to == stdout ? 0 : EX_USAGE;
}

/* What may have to be done about it. */
static const char *
advice(int error)
{
	switch (error) {
	case ENOENT:
		return "; is steelyard running? -s names another socket";
	case ECONNREFUSED:
		return "; nobody listens there, is steelyard running?";
	case EACCES:
	case EPERM:
		return "; its owner and mode are those of "
		    "global.stats_socket, become root or join its group";
	default:
		return "";
	}
}

static int
complain(const char *path, int error)
{
	if (error == EAGAIN)
		fprintf(stderr, "steelyardctl: %s: no answer within %d s\n",
		    path, PATIENCE);
	else
		fprintf(stderr, "steelyardctl: %s: %s%s\n", path,
		    strerror(error), advice(error));
	return EX_UNAVAILABLE;
}

/* A descriptor, or a negative errno. */
static int
dial(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE };
	size_t n = strlen(path);
	int fd, error;

	if (n >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sun_path, path, n + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience)) == 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO,
	    &patience, sizeof(patience)) == 0 &&
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* 0 or a negative errno. */
static int
say(int fd, struct slice line)
{
	while (line.n > 0) {
		ssize_t n = send(fd, line.p, line.n, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			line = slice_skip(line, (size_t)n);
	}
	return 0;
}

static int
listen_to(int fd, struct text *answer)
{
	char part[16384];
	ssize_t n;

	while ((n = recv(fd, part, sizeof(part), 0)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			text_add_slice(answer, slice_make(part, (size_t)n));
	}
	return 0;
}

static int
converse(const char *path, struct slice line, struct text *answer)
{
	int fd = dial(path), error;

	if (fd < 0)
		return fd;
	error = say(fd, line);
	if (error == 0)
		error = listen_to(fd, answer);
	close(fd);
	return error;
}

/* Without the empty line that ends it. */
static int
print(struct slice answer)
{
	bool failed = speech_is_error(answer);

	if (answer.n > 0 && answer.p[answer.n - 1] == '\n')
		answer.n--;
	if (answer.n > 0)
		fwrite(answer.p, 1, answer.n, stdout);
	if (fflush(stdout) != 0)
		return EX_IOERR;
	return failed ? 1 : 0;
}

/* 0: go on; otherwise the exit status plus one. */
static int
read_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt(argc, argv, "+hjVs:")) != -1) {
		switch (c) {
		case 's': o->socket = optarg; break;
		case 'j': o->json = true; break;
		case 'V': printf("steelyardctl %s\n", STEELYARD_VERSION);
			return 1;
		case 'h': return usage(stdout) + 1;
		default: return usage(stderr) + 1;
		}
	}
	return optind == argc ? usage(stderr) + 1 : 0;
}

/* What comes on standard input, as long as it may be worth sending. */
static bool
add_payload(struct text *line)
{
	struct text bytes;
	char part[4096];
	size_t n;
	bool good;

	text_init(&bytes);
	while (bytes.n < PAYLOAD_MOST &&
	    (n = fread(part, 1, sizeof(part), stdin)) > 0)
		text_add_slice(&bytes, slice_make(part, n));
	good = ferror(stdin) == 0;
	if (good)
		speech_payload(line, text_slice(&bytes));
	else
		perror("steelyardctl: standard input");
	text_fini(&bytes);
	return good;
}

int
main(int argc, char **argv)
{
	struct options o = { .socket = DEFAULT_SOCKET };
	struct text line, answer;
	int rc = read_options(argc, argv, &o), error;
	bool has_payload;

	if (rc != 0)
		return rc - 1;
	text_init(&line);
	text_init(&answer);
	speech_line(&line, argv + optind, argc - optind, o.json);
	has_payload = speech_wants_payload(text_slice(&line));
	text_add_char(&line, '\n');
	if (has_payload && !add_payload(&line)) {
		text_fini(&line);
		return EX_IOERR;
	}
	error = converse(o.socket, text_slice(&line), &answer);
	rc = error != 0 ? complain(o.socket, -error) :
	    print(text_slice(&answer));
	text_fini(&answer);
	text_fini(&line);
	return rc;
}
