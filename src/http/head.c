/*
 * head.c - the head of a message, without its framing.
 *
 * The fields are an array in the order received: a message has a dozen, and a
 * walk along a dozen integers costs less than any index kept beside them.
 *
 * Owns:     nothing; the array is the arena's.
 * Borrows:  every slice.
 */
#include "http/head.h"

#include "base/must.h"

/* A first array that the arena still cuts off its chunk. */
#define FIRST_FIELDS 24u

/* Room in a copy for the fields that the proxy adds to it. */
#define SPARE_FIELDS 8u

void
head_init(struct head *h, enum head_kind kind)
{
	memset(h, 0, sizeof(*h));
	h->kind = kind;
	h->length = LENGTH_NONE;
}

static struct field *
fields_get(struct arena *a, uint32_t cap)
{
	return arena_get(a, cap * sizeof(struct field));
}

static void
grow(struct head *h, struct arena *a)
{
	struct field *old = h->fields;

	must(h->capfields <= UINT32_MAX / 2);
	h->capfields = h->capfields == 0 ? FIRST_FIELDS : h->capfields * 2;
	h->fields = fields_get(a, h->capfields);
	if (h->nfields > 0)
		memcpy(h->fields, old, h->nfields * sizeof(*old));
}

static inline void
add(struct head *h, struct arena *a, struct field f)
{
	if (h->nfields == h->capfields)
		grow(h, a);
	h->fields[h->nfields++] = f;
}

void
head_add(struct head *h, struct arena *a, enum field_id id, struct slice value)
{
	add(h, a, (struct field){ field_name(id), value, (uint16_t)id });
}

void
head_add_other(struct head *h, struct arena *a, struct slice name,
    struct slice value)
{
	add(h, a, (struct field){ name, value, (uint16_t)field_id(name) });
}

void
head_add_field(struct head *h, struct arena *a, const struct field *f)
{
	add(h, a, *f);
}

static const struct field *
find_from(const struct head *h, uint32_t i, enum field_id id)
{
	for (; i < h->nfields; i++)
		if (h->fields[i].id == id)
			return &h->fields[i];
	return NULL;
}

const struct field *
head_find(const struct head *h, enum field_id id)
{
	return find_from(h, 0, id);
}

const struct field *
head_find_next(const struct head *h, const struct field *f)
{
	return find_from(h, (uint32_t)(f - h->fields) + 1, f->id);
}

const struct field *
head_find_name(const struct head *h, struct slice name)
{
	enum field_id id = field_id(name);

	if (id != FIELD_OTHER)
		return head_find(h, id);
	for (uint32_t i = 0; i < h->nfields; i++)
		if (h->fields[i].id == FIELD_OTHER &&
		    slice_eq_nocase(h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}

void
head_del(struct head *h, enum field_id id)
{
	uint32_t kept = 0;

	must(id != FIELD_OTHER);
	for (uint32_t i = 0; i < h->nfields; i++)
		if (h->fields[i].id != id)
			h->fields[kept++] = h->fields[i];
	h->nfields = kept;
}

void
head_room(struct head *h, struct arena *a, uint32_t n)
{
	h->nfields = 0;
	h->capfields = n + SPARE_FIELDS;
	h->fields = fields_get(a, h->capfields);
}

void
head_copy(struct head *to, const struct head *from, struct arena *a)
{
	*to = *from;
	head_room(to, a, from->nfields);
	to->nfields = from->nfields;
	if (from->nfields > 0)
		memcpy(to->fields, from->fields,
		    from->nfields * sizeof(*from->fields));
}

bool
head_is_idempotent(const struct head *h)
{
	static const char *const methods[] = {
		"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"
	};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (head_is_method(h, methods[i]))
			return true;
	return false;
}

bool
head_is_bodiless(uint16_t status, bool to_head)
{
	return to_head || status / 100 == 1 || status == 204 || status == 304;
}
