/*
 * h2_memory.c - what the library of HTTP/2 allocates for a connection.
 *
 * Why: an idle session holds 28 KB, most of them zeros and a buffer for frames;
 *      and it must live, for the tables of both sides' field compression.
 */
#include <string.h>

#include "base/must.h"
#include "base/trunk.h"
#include "codec/h2.h"
#include "codec/h2_side.h"

static void *
get(size_t n, void *user)
{
	return trunk_get(user, n);
}

static void
put(void *p, void *user)
{
	trunk_put(user, p);
}

static void *
get_zeroed(size_t n, size_t size, void *user)
{
	must(n == 0 || size <= SIZE_MAX / n);
	return memset(trunk_get(user, n * size), 0, n * size);
}

static void *
grow(void *p, size_t n, void *user)
{
	return trunk_grow(user, p, n);
}

nghttp2_mem
h2_memory(struct trunk *t)
{
	return (nghttp2_mem){
		.mem_user_data = t,
		.malloc = get,
		.free = put,
		.calloc = get_zeroed,
		.realloc = grow,
	};
}

/* Only a connection on which all has been said. */
void
h2_rest(struct codec *c)
{
	struct h2 *h = h2_of(c);

	if (trunk_is_packed(h->trunk) || h->over || h->why != NULL ||
	    h->codec.streams > 0 || h->nmarks > 0 || buf_len(&h->out) > 0 ||
	    !list_is_empty(&h->ready) ||
	    nghttp2_session_want_write(h->session))
		return;
	trunk_pack(h->trunk);
}

void
h2_wake(struct h2 *h)
{
	trunk_unpack(h->trunk);
}
