/*
 * log_ring.c - lines in a ring, each in one piece.
 *
 *	record: [struct record][line]['\n'][pad]	aligned to a record
 *
 * Invariant: a record never wraps; what is left at the end of the ring
 *            becomes a record that is a gap.
 * Invariant: head < tail => a line, not a gap, stands at head.
 * Invariant: an empty ring starts at its first byte, so a log that keeps up
 *            stays within a few cached pages.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/log_ring.h"
#include "base/mem.h"
#include "base/must.h"

struct record {
	uint32_t n;		/* bytes of the line, newline included */
	int16_t level;
	bool is_gap;		/* then n is what follows the header */
};

void
log_ring_init(struct log_ring *r)
{
	memset(r, 0, sizeof(*r));
	r->bytes = mem_new(LOG_RING_SIZE);
}

void
log_ring_fini(struct log_ring *r)
{
	free(r->bytes);
	memset(r, 0, sizeof(*r));
}

static struct record *
record_at(const struct log_ring *r, size_t at)
{
	return (struct record *)(void *)(r->bytes + at % LOG_RING_SIZE);
}

/* The bytes that a record of n bytes takes up. */
static size_t
span(size_t n)
{
	size_t unit = sizeof(struct record);

	return unit + (n + unit - 1) / unit * unit;
}

/* The bytes to leave unused so that n bytes lie in one piece. */
static size_t
gap_before(const struct log_ring *r, size_t n)
{
	size_t to_end = LOG_RING_SIZE - r->tail % LOG_RING_SIZE;

	return n > to_end ? to_end : 0;
}

bool
log_ring_fits(const struct log_ring *r, size_t n)
{
	size_t room = LOG_RING_SIZE - (r->tail - r->head);

	return n < LOG_RING_SIZE &&
	    gap_before(r, span(n + 1)) + span(n + 1) <= room;
}

bool
log_ring_add(struct log_ring *r, int level, struct slice line)
{
	size_t gap, n = line.n + 1;
	struct record *record;
	char *at;

	if (!log_ring_fits(r, line.n))
		return false;
	gap = gap_before(r, span(n));
	if (gap > 0) {
		*record_at(r, r->tail) = (struct record){ .is_gap = true,
			.n = (uint32_t)(gap - sizeof(struct record)) };
		r->tail += gap;
	}
	record = record_at(r, r->tail);
	*record = (struct record){ (uint32_t)n, (int16_t)level, false };
	at = (char *)(record + 1);
	if (line.n > 0)
		memcpy(at, line.p, line.n);
	at[line.n] = '\n';
	r->tail += span(n);
	r->pending += n;
	return true;
}

int
log_ring_level(const struct log_ring *r)
{
	must(r->head < r->tail);
	return record_at(r, r->head)->level;
}

int
log_ring_gather(const struct log_ring *r, struct iovec *iov, int max,
    size_t most)
{
	size_t at = r->head, done = r->done, n;
	struct record *record;
	int count = 0;

	while (at < r->tail && count < max) {
		record = record_at(r, at);
		at += span(record->n);
		if (record->is_gap)
			continue;
		n = record->n - done;
		if (n > most && count > 0)
			break;
		if (n > most)
			n = most;
		iov[count].iov_base = (char *)(record + 1) + done;
		iov[count].iov_len = n;
		count++;
		most -= n;
		done = 0;
	}
	return count;
}

void
log_ring_skip(struct log_ring *r)
{
	struct record *record = record_at(r, r->head);

	must(r->head < r->tail && !record->is_gap);
	r->pending -= record->n - r->done;
	r->done = 0;
	r->head += span(record->n);
	if (r->head == r->tail)
		r->head = r->tail = 0;
	else if (record_at(r, r->head)->is_gap)
		r->head += span(record_at(r, r->head)->n);
}

unsigned
log_ring_take(struct log_ring *r, size_t n)
{
	unsigned lines = 0;
	size_t left;

	while (n > 0) {
		must(r->head < r->tail);
		left = record_at(r, r->head)->n - r->done;
		if (n < left) {
			r->done += n;
			r->pending -= n;
			break;
		}
		n -= left;
		log_ring_skip(r);
		lines++;
	}
	return lines;
}

void
log_ring_rewind(struct log_ring *r)
{
	r->pending += r->done;
	r->done = 0;
}
