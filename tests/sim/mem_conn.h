#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "net/conn.h"

/*
 * Conns in memory, in pairs: what one end sends the other receives.  Each
 * way is a pipe of bounded capacity.  An end is told by a task on its loop,
 * so never from within a call, and under the same edge-triggered rules as a
 * socket: once that bytes or the end came, and once that there is room again
 * after a write that did not fit.
 */
#define MEM_CAPACITY 65536

/* Two ends that are connected.  capacity: of each way; 0: MEM_CAPACITY. */
void mem_pair(struct loop *loop, size_t capacity, struct conn **a,
    struct conn **b);

size_t mem_unread(const struct conn *c);	/* sent to c, not yet read */

/*
 * A net of servers in memory.  A dial to an address that no server has is
 * refused, as is one that a server refuses; one to a server that hangs is
 * never answered, until mem_server_answer.
 */
struct mem_server {
	struct list node;	/* in mem_net->servers */
	struct list hung;	/* dials that wait for an answer */
	struct addr addr;
	int refusal;		/* 0, or the error that a dial meets */
	bool hangs;
	size_t capacity;	/* of each way; 0: MEM_CAPACITY */
	unsigned dials;
	/* Takes the other end, before the dialler is told. */
	void (*on_accept)(void *owner, struct conn *end);
	void *owner;
};

struct mem_net {
	struct dialer dialer;
	struct list servers;
};

void mem_net_init(struct mem_net *net);
void mem_server_add(struct mem_net *net, struct mem_server *s,
    const char *addr, void (*on_accept)(void *, struct conn *), void *owner);
void mem_server_del(struct mem_server *s);	/* its hung dials stay so */
void mem_server_answer(struct mem_server *s);	/* hangs no more */
