/*
 * floor.c - what copying alone costs: a forwarder that parses nothing.
 *
 *	floor ADDRESS:PORT SERVER:PORT...
 *
 * Each client gets a connection to a server, taken in turn.  A message that
 * arrives whole costs a recv and a send, and its share of an epoll_wait.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 32768	/* where 1 MiB costs least: it stays in the caches */
#define EVENTS 256

/* One socket of a pair, and what it could not take yet. */
struct end {
	struct end *peer, *next_dead;
	size_t n, sent;
	int fd;
	bool is_dead;
	char rest[CHUNK];
};

struct floor {
	int epoll, listener;
	struct end *dead;	/* freed when no event can speak of them */
};

/* Of "127.0.0.1:80". */
static struct sockaddr_in
address_of(const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	const char *colon = strchr(text, ':');
	char host[INET_ADDRSTRLEN] = "";

	if (colon == NULL || colon - text >= INET_ADDRSTRLEN)
		exit(64);
	memcpy(host, text, (size_t)(colon - text));
	a.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		exit(64);
	return a;
}

static struct end *
end_new(struct floor *f, int fd)
{
	struct epoll_event e = { 0 };
	struct end *s = calloc(1, sizeof(*s));
	int on = 1;

	if (s == NULL)
		abort();
	s->fd = fd;
	e.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	e.data.ptr = s;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		abort();
	return s;
}

static void
accept_one(struct floor *f, const char *server)
{
	struct sockaddr_in a = address_of(server);
	struct end *front, *back;
	int fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK), to;

	if (fd < 0)
		return;
	to = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (to < 0)
		abort();
	(void)connect(to, (const struct sockaddr *)&a, sizeof(a));
	back = end_new(f, to);
	front = end_new(f, fd);
	back->peer = front;
	front->peer = back;
}

static void
close_pair(struct floor *f, struct end *s)
{
	struct end *both[] = { s, s->peer };

	for (int i = 0; i < 2; i++) {
		close(both[i]->fd);
		both[i]->is_dead = true;
		both[i]->next_dead = f->dead;
		f->dead = both[i];
	}
}

/* Sends, and keeps what there is no room for; false in that case. */
static bool
pass_on(struct end *to, const char *bytes, size_t n)
{
	ssize_t sent = send(to->fd, bytes, n, MSG_NOSIGNAL);
	size_t done = sent > 0 ? (size_t)sent : 0;

	if (done == n)
		return true;
	memcpy(to->rest, bytes + done, n - done);
	to->n = n - done;
	to->sent = 0;
	return false;
}

static bool
send_rest(struct end *to)
{
	while (to->sent < to->n) {
		ssize_t n = send(to->fd, to->rest + to->sent,
		    to->n - to->sent, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		to->sent += (size_t)n;
	}
	to->n = to->sent = 0;
	return true;
}

/*
 * Copies until there is nothing left or no room.  A short read has drained
 * the socket, unless it is at its end.  False at the end of the stream.
 */
static bool
pump(struct end *from, bool at_end)
{
	char bytes[CHUNK];
	ssize_t n = sizeof(bytes);

	while (send_rest(from->peer) &&
	    (n == (ssize_t)sizeof(bytes) || at_end)) {
		n = recv(from->fd, bytes, sizeof(bytes), 0);
		if (n <= 0)
			return n < 0;
		if (!pass_on(from->peer, bytes, (size_t)n))
			break;
	}
	return true;
}

static void
on_event(struct floor *f, struct end *s, uint32_t events)
{
	bool is_open = (events & (EPOLLERR | EPOLLHUP)) == 0;

	if (is_open && s->n > 0)
		is_open = pump(s->peer, true);
	if (is_open && (events & EPOLLIN) != 0)
		is_open = pump(s, (events & EPOLLRDHUP) != 0);
	if (!is_open)
		close_pair(f, s);
}

static void
bury(struct floor *f)
{
	for (struct end *s; (s = f->dead) != NULL;) {
		f->dead = s->next_dead;
		free(s);
	}
}

static void
listen_at(struct floor *f, const char *address)
{
	struct sockaddr_in a = address_of(address);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	int on = 1;

	f->epoll = epoll_create1(0);
	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	(void)setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on));
	if (bind(f->listener, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(f->listener, 4096) != 0 ||
	    epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->listener, &e) != 0)
		exit(1);
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS];
	struct floor f = { 0 };
	int turn = 0;

	if (argc < 3)
		return 64;
	listen_at(&f, argv[1]);
	for (;;) {
		int n = epoll_wait(f.epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			struct end *s = events[i].data.ptr;

			if (s == NULL)
				accept_one(&f, argv[2 + turn++ % (argc - 2)]);
			else if (!s->is_dead)
				on_event(&f, s, events[i].events);
		}
		bury(&f);
	}
}
