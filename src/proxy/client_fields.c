/*
 * client_fields.c - the client's certificate, as servers are told of it.
 */
#include "proxy/client_fields.h"

#include "http/check.h"

static char
folded(char c)
{
	return c == '_' ? '-' : slice_lower(c);
}

static bool
is_same(struct slice name, const char *guarded)
{
	size_t i = 0;

	for (; i < name.n && guarded[i] != '\0'; i++)
		if (folded(name.p[i]) != folded(guarded[i]))
			return false;
	return i == name.n && guarded[i] == '\0';
}

bool
client_field_is_guarded(const struct conf_names *guarded, struct slice name)
{
	for (size_t i = 0; i < guarded->n; i++)
		if (is_same(name, guarded->v[i]))
			return true;
	return false;
}

uint32_t
client_fields_strip(const struct conf_names *guarded, struct field *fields,
    uint32_t n)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < n; i++)
		if (!client_field_is_guarded(guarded, fields[i].name))
			fields[left++] = fields[i];
	return left;
}

/* A certificate may name anything; a field may not. */
static struct slice
presentable(struct slice value, struct arena *a)
{
	struct slice copy = slice_trim(value);
	char *p;

	if (check_value(copy) == CHECK_OK)
		return copy;
	p = arena_get(a, copy.n);
	for (size_t i = 0; i < copy.n; i++)
		p[i] = check_is(copy.p[i], CHECK_VALUE) ? copy.p[i] : '?';
	return slice_make(p, copy.n);
}

static void
add(struct head *out, struct arena *a, const char *name, struct slice value)
{
	if (name != NULL && value.n > 0)
		head_add_other(out, a, slice_of(name), presentable(value, a));
}

void
client_fields_add(const struct conf_client_fields *conf,
    const struct tls_peer *peer, struct head *out, struct arena *a)
{
	add(out, a, conf->verified, SLICE("SUCCESS"));
	add(out, a, conf->subject, peer->subject);
	add(out, a, conf->issuer, peer->issuer);
	add(out, a, conf->serial, peer->serial);
	add(out, a, conf->fingerprint, peer->fingerprint);
	add(out, a, conf->names, peer->names);
}
