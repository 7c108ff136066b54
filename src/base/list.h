#pragma once

#include <stdbool.h>
#include <stddef.h>

/* An intrusive, circular, doubly linked list.  A node is on one or none. */
struct list {
	struct list *next, *prev;
};

#define list_entry(node, type, member) \
	((type *)(void *)((char *)(node) - offsetof(type, member)))

/* Walks a list; the current entry may be deleted in the body. */
#define list_each(e, head, type, member)                                      \
	for (struct list *n_ = (head)->next, *m_ = n_->next;                  \
	     n_ != (head) && ((e) = list_entry(n_, type, member), true);      \
	     n_ = m_, m_ = n_->next)

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_is_empty(const struct list *l)
{
	return l->next == l;
}

/* Is this node on some list?  Needs list_init or zeroes before first use. */
static inline bool
list_has(const struct list *node)
{
	return node->next != NULL && node->next != node;
}

static inline void
list_add_after(struct list *at, struct list *node)
{
	node->next = at->next;
	node->prev = at;
	at->next->prev = node;
	at->next = node;
}

static inline void
list_add_head(struct list *l, struct list *node)
{
	list_add_after(l, node);
}

static inline void
list_add_tail(struct list *l, struct list *node)
{
	list_add_after(l->prev, node);
}

/* Deleting a node that is on no list is allowed. */
static inline void
list_del(struct list *node)
{
	if (node->next != NULL) {
		node->next->prev = node->prev;
		node->prev->next = node->next;
	}
	node->next = node->prev = node;
}

static inline struct list *
list_pop(struct list *l)
{
	struct list *n = l->next;

	if (n == l)
		return NULL;
	list_del(n);
	return n;
}

/* Moves all nodes of from to the tail of to; from is empty after. */
static inline void
list_splice(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}
