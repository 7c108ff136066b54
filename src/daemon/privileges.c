/*
 * privileges.c - what the process may do: descriptors, user, capabilities.
 */
#include "daemon/privileges.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster/names.h"

/* Sockets of the log, the loop, the stats socket and its sessions. */
#define SPARE 128
#define LOOKUP_SOCKETS 4	/* a server of DNS each, and one by TCP */

/* As many as a row may become by what DNS says. */
static uint64_t
servers_of(const struct conf_server *s)
{
	return s->resolve_all || s->address.is_service ? ANSWER_MOST : 1;
}

/* A client, a server connection for it, idle ones, probes, lookups, listeners;
 * pipes. */
static uint64_t
descriptors_needed(const struct conf *c)
{
	uint64_t max = (uint64_t)c->global.max_connections, idle = 0, n;
	uint64_t names = 0, servers;

	n = 2 * max + c->nlisteners + SPARE;
	n += 2 * (uint64_t)c->global.max_pipes;
	for (size_t i = 0; i < c->npools; i++) {
		const struct conf_pool *p = &c->pools[i];

		servers = 0;
		for (size_t j = 0; j < p->nservers; j++) {
			servers += servers_of(&p->servers[j]);
			names += p->servers[j].address.is_name;
		}
		n += servers;
		idle += servers * (uint64_t)p->reuse.max;
	}
	n += LOOKUP_SOCKETS * (names < NAMES_AT_ONCE ? names : NAMES_AT_ONCE);
	return n + (idle < max ? idle : max);
}

bool
privileges_limits(const struct conf *conf, struct text *error)
{
	uint64_t need = descriptors_needed(conf);
	struct rlimit now, want;

	if (getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur >= need)
		return true;
	want.rlim_cur = need;
	want.rlim_max = now.rlim_max > need ? now.rlim_max : need;
	if (setrlimit(RLIMIT_NOFILE, &want) == 0)
		return true;
	text_add(error, "global.max_connections = %lld and max_pipes = %lld "
	    "need %llu file descriptors, but the hard limit is %llu (%s); "
	    "raise it (LimitNOFILE= in the unit, ulimit -n in a shell) or "
	    "lower them", (long long)conf->global.max_connections,
	    (long long)conf->global.max_pipes, (unsigned long long)need,
	    (unsigned long long)now.rlim_max, strerror(errno));
	return false;
}

/* How many connections so many descriptors are enough for. */
static int64_t
most_connections(const struct conf *conf, uint64_t descriptors)
{
	struct conf less = *conf;
	int64_t low = 0, high = conf->global.max_connections;

	while (low < high) {
		less.global.max_connections = low + (high - low + 1) / 2;
		if (descriptors_needed(&less) <= descriptors)
			low = less.global.max_connections;
		else
			high = less.global.max_connections - 1;
	}
	return low;
}

void
privileges_fit(struct conf *conf, struct text *warnings)
{
	struct conf_global *g = &conf->global;
	int64_t most, standard = g->max_connections;
	struct rlimit now;
	struct text why;
	bool good;

	text_init(&why);
	good = privileges_limits(conf, &why);
	text_fini(&why);
	if (good || g->max_connections_said ||
	    getrlimit(RLIMIT_NOFILE, &now) != 0 ||
	    (most = most_connections(conf, now.rlim_max)) == 0)
		return;
	g->max_connections = most;
	text_add(warnings, "%s: global.max_connections: %lld instead of %lld, "
	    "since the hard limit of open files is %llu; raise it "
	    "(LimitNOFILE= in the unit, ulimit -n in a shell), or write the "
	    "number\n", conf->path, (long long)most, (long long)standard,
	    (unsigned long long)now.rlim_max);
}

static bool
find_ids(const struct conf_global *g, uid_t *uid, gid_t *gid,
    struct text *error)
{
	const struct passwd *pw = NULL;
	const struct group *gr;

	if (g->user != NULL) {
		pw = getpwnam(g->user);
		if (pw == NULL) {
			text_add(error, "global.user: there is no user \"%s\"; "
			    "create it or leave the option out", g->user);
			return false;
		}
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
	}
	if (g->group == NULL)
		return true;
	gr = getgrnam(g->group);
	if (gr == NULL) {
		text_add(error, "global.group: there is no group \"%s\"; "
		    "create it or leave the option out", g->group);
		return false;
	}
	*gid = gr->gr_gid;
	return true;
}

bool
privileges_known(const struct conf *conf, struct text *error)
{
	uid_t uid;
	gid_t gid;

	return find_ids(&conf->global, &uid, &gid, error);
}

/* A container may not have the capability at all. */
static bool
may_bind(void)
{
	cap_flag_value_t v = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	if (caps == NULL)
		return false;
	cap_get_flag(caps, CAP_NET_BIND_SERVICE, CAP_PERMITTED, &v);
	cap_free(caps);
	return v == CAP_SET;
}

static bool
keep_bind_only(void)
{
	static const cap_value_t bind_cap[] = { CAP_NET_BIND_SERVICE };
	cap_flag_value_t keep = may_bind() ? CAP_SET : CAP_CLEAR;
	cap_t caps = cap_init();
	bool good;

	if (caps == NULL)
		return false;
	good = cap_set_flag(caps, CAP_PERMITTED, 1, bind_cap, keep) == 0 &&
	    cap_set_flag(caps, CAP_EFFECTIVE, 1, bind_cap, keep) == 0 &&
	    cap_set_proc(caps) == 0;
	cap_free(caps);
	return good;
}

/* What we opened as root must be opened again, or removed, as that user. */
static void
give_file(const char *path, uid_t uid, gid_t gid)
{
	struct stat st;

	if (path == NULL || *path != '/' || lstat(path, &st) != 0)
		return;
	if ((S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode)) &&
	    st.st_uid == 0 && lchown(path, uid, gid) != 0)
		fprintf(stderr, "steelyard: %s stays root's: %s\n", path,
		    strerror(errno));
}

static bool
become(const struct conf_global *g, uid_t uid, gid_t gid, struct text *error)
{
	const char *failed = NULL;

	if (prctl(PR_SET_KEEPCAPS, 1) != 0)
		failed = "keeping capabilities";
	else if ((g->user != NULL ? initgroups(g->user, gid) :
	    setgroups(1, &gid)) != 0)
		failed = "setting the groups";
	else if (setgid(gid) != 0)
		failed = "setting the group";
	else if (setuid(uid) != 0)
		failed = "setting the user";
	else if (!keep_bind_only())
		failed = "dropping capabilities";
	else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		failed = "setting no_new_privs";
	if (failed == NULL)
		return true;
	text_add(error, "dropping privileges: %s failed: %s", failed,
	    strerror(errno));
	return false;
}

bool
privileges_drop(const struct conf *conf, struct text *error)
{
	const struct conf_global *g = &conf->global;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (g->user == NULL && g->group == NULL)
		return true;
	if (!find_ids(g, &uid, &gid, error))
		return false;
	if (uid == geteuid() && gid == getegid())
		return true;
	if (geteuid() != 0) {
		text_add(error, "global.user and global.group need root to "
		    "start with; start as root, or leave them out");
		return false;
	}
	give_file(g->log.target, uid, gid);
	give_file(g->stats_socket.path, uid, gid);
	return become(g, uid, gid, error);
}
