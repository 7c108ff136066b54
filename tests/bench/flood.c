/*
 * flood.c - who attacks, who is attacked instead, and who stands by, cheaply.
 *
 *	flood attack PORT MILLISECONDS < BYTES
 *	flood sink PORT BYTES
 *	flood watch PORT MILLISECONDS PAUSE [PATH]
 *
 * attack: sends the same bytes on one connection after the other, each until
 * the peer ends it, and ends those itself on which all has been sent; says how
 * many connections and bytes that were.  sink: a server that is no proxy: it
 * reads so many bytes of each connection and ends it.  It only gets what
 * processor time nobody else wants.  watch: asks for something small (/ping, or
 * PATH), waits for PAUSE microseconds, asks again; comes before whoever else is
 * there.  It prints how often it asked, and the median and 99th percentile of
 * the time it took, in microseconds.
 *
 * Three in one, so that all are as cheap as can be: what is measured is to be
 * the proxy.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_BYTES (4u << 20)
#define MOST_TIMES 200000u
/*
 * Of a send, and of what may stand in the kernel: nothing preempts that while
 * it takes, or frees, megabytes, and the bystander is on the same core.
 */
#define PIECE (16u << 10)
#define QUEUE (64 << 10)
#define PATIENCE 50	/* ms, once all was sent */

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t
number(const char *s)
{
	return (int64_t)strtoull(s, NULL, 10);
}

static struct sockaddr_in
at(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)number(port)) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* -1: nobody took it. */
static int
dial(const char *port)
{
	struct sockaddr_in a = at(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	int queue = QUEUE;

	if (fd < 0)
		die("socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &queue, sizeof(queue));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* What comes is thrown away.  False: it is over. */
static bool
hear(int fd)
{
	char trash[1 << 16];
	ssize_t n = recv(fd, trash, sizeof(trash), MSG_DONTWAIT);

	return n > 0 || (n < 0 && errno == EAGAIN);
}

/* One connection; gives how many bytes it took. */
static size_t
attack_once(int fd, const char *p, size_t n, int64_t until)
{
	struct pollfd w = { fd, POLLIN | POLLOUT, 0 };
	int64_t left;
	size_t at = 0;
	ssize_t k;

	while ((left = (until - now_ns()) / 1000000) > 0) {
		w.events = (short)(at < n ? POLLIN | POLLOUT : POLLIN);
		if (poll(&w, 1, at == n && left > PATIENCE ? PATIENCE :
		    (int)left) <= 0)
			break;
		if ((w.revents & ~POLLOUT) != 0 && !hear(fd))
			break;
		if ((w.revents & POLLOUT) == 0)
			continue;
		k = send(fd, p + at, n - at < PIECE ? n - at : PIECE,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (k < 0 && errno != EAGAIN)
			break;
		at += k > 0 ? (size_t)k : 0;
	}
	return at;
}

static void
attack(const char *port, int64_t until)
{
	char *p = malloc(MOST_BYTES);
	struct linger hard = { 1, 0 };
	unsigned long conns = 0, sent = 0;
	size_t n = p == NULL ? 0 : fread(p, 1, MOST_BYTES, stdin);
	int fd;

	while (now_ns() < until) {
		fd = dial(port);
		if (fd < 0)
			continue;
		sent += attack_once(fd, p, n, until);
		conns++;
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard,
		    sizeof(hard));
		close(fd);
	}
	printf("%lu %lu\n", conns, sent);
	free(p);
}

static void
take(int fd, size_t most)
{
	char trash[1 << 16];
	size_t got = 0;
	ssize_t n;

	while (got < most && (n = recv(fd, trash, sizeof(trash), 0)) > 0)
		got += (size_t)n;
	shutdown(fd, SHUT_WR);
	while (recv(fd, trash, sizeof(trash), 0) > 0)
		;
	close(fd);
}

static void
sink(const char *port, size_t most)
{
	struct sockaddr_in a = at(port);
	struct sched_param none = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (sched_setscheduler(0, SCHED_IDLE, &none) != 0)
		die("SCHED_IDLE");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(fd, 128) != 0)
		die("listen");
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (peer >= 0)
			take(peer, most);
	}
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t
ask(int fd, const char *path)
{
	int64_t begin = now_ns();
	char request[256], answer[4096];
	int n = snprintf(request, sizeof(request),
	    "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);

	if (send(fd, request, (size_t)n, 0) < 0 ||
	    recv(fd, answer, sizeof(answer), 0) <= 0)
		die("the bystander's connection");
	return (uint32_t)((now_ns() - begin) / 1000);
}

static void
watch(const char *port, int64_t until, int64_t pause, const char *path)
{
	uint32_t *times = calloc(MOST_TIMES, sizeof(*times));
	struct timespec t = { pause / 1000000, pause % 1000000 * 1000 };
	struct sched_param first = { .sched_priority = 10 };
	int fd = dial(port);
	size_t n = 0;

	if (fd < 0 || times == NULL || strlen(path) > 200 ||
	    sched_setscheduler(0, SCHED_FIFO, &first) != 0)
		die("the bystander");
	while (now_ns() < until && n < MOST_TIMES) {
		times[n++] = ask(fd, path);
		(void)nanosleep(&t, NULL);
	}
	qsort(times, n, sizeof(*times), by_size);
	printf("%zu %u %u\n", n, times[n / 2], times[n * 99 / 100]);
	free(times);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 3 ? argv[1] : "";
	int64_t until;

	if (argc == 4 && strcmp(what, "sink") == 0)
		sink(argv[2], (size_t)number(argv[3]));
	until = argc > 3 ? now_ns() + number(argv[3]) * 1000000 : 0;
	if (argc == 4 && strcmp(what, "attack") == 0) {
		attack(argv[2], until);
	} else if (argc >= 5 && argc <= 6 && strcmp(what, "watch") == 0) {
		watch(argv[2], until, number(argv[4]),
		    argc > 5 ? argv[5] : "/ping");
	} else {
		fprintf(stderr, "usage: flood attack|sink|watch PORT ...\n");
		return 2;
	}
	return 0;
}
