/*
 * handshakes.c - clients that make a TLS connection for each request.
 *
 *	handshakes ADDRESS:PORT HOST PATH CLIENTS full|resumed
 *
 * One thread.  The request has Connection: close; the answer must be a 200 with
 * the body its Content-Length promises, and is read to the end of the
 * connection.  "resumed": each client goes on with the newest ticket it has
 * (TLS 1.3, with a new key exchange).  INT ends it; it prints what it has made.
 * The first thing that goes wrong ends it too.
 *
 * TCP_NODELAY, as curl and browsers have it: without it a request waits until
 * the server has acknowledged the end of the handshake.
 *
 * wrk makes full handshakes too, but does not say so; nothing common resumes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define STEP_US 10	/* of the times that are counted */
#define STEPS 200000

struct client {
	SSL *ssl;
	SSL_SESSION *ticket;
	uint64_t began;		/* us */
	size_t got;
	int fd;
	bool is_asked;
	char answer[4096];
};

struct load {
	SSL_CTX *ctx;
	struct client *clients;
	struct sockaddr_in to;
	char request[512];
	bool resumes;
	int epoll, signals;
	unsigned long full, resumed, requests, tickets;
	uint32_t times[STEPS];
};

static void
die(const char *what)
{
	unsigned long e = ERR_peek_error();

	printf("%s: %s\n", what, e != 0 ? ERR_reason_error_string(e) :
	    strerror(errno));
	exit(1);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* A ticket has come: the newest is kept. */
static int
on_ticket(SSL *ssl, SSL_SESSION *s)
{
	struct load *l = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct client *c = SSL_get_app_data(ssl);

	l->tickets++;
	if (!l->resumes)
		return 0;
	SSL_SESSION_free(c->ticket);
	c->ticket = s;
	return 1;
}

/* A copy is used: the library uses a session once, and h2o gives no new ticket
 * to who has one. */
static void
use_ticket(struct client *c)
{
	SSL_SESSION *s = SSL_SESSION_dup(c->ticket);

	if (s == NULL || !SSL_set_session(c->ssl, s))
		die("SSL_set_session");
	SSL_SESSION_free(s);
}

static void
client_open(struct load *l, struct client *c)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP |
	    EPOLLET, .data.ptr = c };
	int one = 1;

	c->began = now_us();
	c->got = 0;
	c->is_asked = false;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(c->fd, (struct sockaddr *)&l->to, sizeof(l->to)) != 0 &&
	    errno != EINPROGRESS)
		die("connect");
	c->ssl = SSL_new(l->ctx);
	if (c->ssl == NULL || !SSL_set_fd(c->ssl, c->fd))
		die("SSL_new");
	SSL_set_app_data(c->ssl, c);
	SSL_set_connect_state(c->ssl);
	if (c->ticket != NULL)
		use_ticket(c);
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
		die("epoll_ctl");
}

static void
client_close(struct client *c)
{
	/* Without this the library would forget the session. */
	SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
}

/* Is the answer, which has ended, whole? */
static bool
is_good(const struct client *c)
{
	const char *body = strstr(c->answer, "\r\n\r\n");
	const char *length = strcasestr(c->answer, "\r\nContent-Length:");

	return body != NULL && length != NULL && length < body &&
	    strncmp(c->answer, "HTTP/1.1 200 ", 13) == 0 &&
	    strtoul(length + 17, NULL, 10) ==
	    c->got - (size_t)(body + 4 - c->answer);
}

/* False: the connection has ended. */
static bool
must_wait(struct client *c, int r)
{
	int e = SSL_get_error(c->ssl, r);

	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
		return true;
	if (e != SSL_ERROR_ZERO_RETURN)
		die("TLS");
	return false;
}

static void
done(struct load *l, struct client *c)
{
	uint64_t step = (now_us() - c->began) / STEP_US;

	if (!is_good(c)) {
		printf("a wrong answer: %.60s\n", c->answer);
		exit(1);
	}
	l->times[step < STEPS ? step : STEPS - 1]++;
	l->requests++;
	client_close(c);
	client_open(l, c);
}

/* Handshake and request; true when the request is under way. */
static bool
ask(struct load *l, struct client *c)
{
	int r = SSL_do_handshake(c->ssl);

	if (r <= 0) {
		if (!must_wait(c, r))
			die("handshake");
		return false;
	}
	if (SSL_session_reused(c->ssl))
		l->resumed++;
	else
		l->full++;
	if (SSL_write(c->ssl, l->request, (int)strlen(l->request)) <= 0)
		die("SSL_write");
	c->is_asked = true;
	return true;
}

static void
go_on(struct load *l, struct client *c)
{
	int r;

	if (!c->is_asked && !ask(l, c))
		return;
	for (;;) {
		size_t room = sizeof(c->answer) - 1 - c->got;

		if (room == 0)
			die("a long answer");
		r = SSL_read(c->ssl, c->answer + c->got, (int)room);
		if (r <= 0)
			break;
		c->got += (size_t)r;
		c->answer[c->got] = '\0';
	}
	if (must_wait(c, r))
		return;
	done(l, c);
}

static double
percentile(const struct load *l, unsigned long percent)
{
	unsigned long wanted = l->requests * percent / 100, n = 0;
	size_t i;

	for (i = 0; i < STEPS - 1 && n + l->times[i] <= wanted; i++)
		n += l->times[i];
	return (double)(i + 1) * STEP_US / 1e6;
}

static SSL_CTX *
ctx_new(struct load *l)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (ctx == NULL ||
	    !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    !SSL_CTX_set1_groups_list(ctx, "X25519"))
		die("SSL_CTX_new");
	SSL_CTX_set_app_data(ctx, l);
	SSL_CTX_set_session_cache_mode(ctx,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_ticket);
	/* That the answer is whole is seen from its length. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return ctx;
}

static void
start(struct load *l, char **argv)
{
	char *colon = strchr(argv[1], ':');
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	sigset_t set;

	if (colon == NULL)
		exit(64);
	*colon = '\0';
	l->to.sin_family = AF_INET;
	l->to.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, argv[1], &l->to.sin_addr) != 1)
		exit(64);
	snprintf(l->request, sizeof(l->request), "GET %s HTTP/1.1\r\n"
	    "Host: %s\r\nConnection: close\r\n\r\n", argv[3], argv[2]);
	l->resumes = strcmp(argv[5], "resumed") == 0;
	l->ctx = ctx_new(l);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->signals, &e) != 0)
		die("epoll_ctl");
}

/* Until INT. */
static void
run(struct load *l)
{
	struct epoll_event e[EVENTS];

	for (;;) {
		int n = epoll_wait(l->epoll, e, EVENTS, 20000);

		if (n == 0 || (n < 0 && errno != EINTR))
			die("epoll_wait: nothing moves");
		for (int i = 0; i < n; i++) {
			if (e[i].data.ptr == NULL)
				return;
			go_on(l, e[i].data.ptr);
		}
	}
}

int
main(int argc, char **argv)
{
	struct load *l = calloc(1, sizeof(*l));
	long i, n = argc == 6 ? strtol(argv[4], NULL, 10) : 0;

	if (n <= 0 || l == NULL ||
	    (l->clients = calloc((size_t)n, sizeof(*l->clients))) == NULL)
		return 64;
	start(l, argv);
	for (i = 0; i < n; i++)
		client_open(l, &l->clients[i]);
	run(l);
	printf("{\"requests\": %lu, \"full\": %lu, \"resumed\": %lu, "
	    "\"tickets\": %lu, \"p50\": %f, \"p99\": %f}\n", l->requests,
	    l->full, l->resumed, l->tickets, percentile(l, 50),
	    percentile(l, 99));
	for (i = 0; i < n; i++) {
		client_close(&l->clients[i]);
		SSL_SESSION_free(l->clients[i].ticket);
	}
	SSL_CTX_free(l->ctx);
	close(l->epoll);
	close(l->signals);
	free(l->clients);
	free(l);
	return 0;
}
