/*
 * command.c - the commands of the stats socket, and how a line is read.
 *
 *	line --';'--> command --blanks--> words --table--> function --> answer
 *
 * The row whose words begin the command is taken; the longest comes first.
 * Not here:  what the commands do, but for the few that steer the session.
 */
#include "admin/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/version.h"

struct command {
	const char *words;
	enum level level;
	void (*run)(struct request *);
	const char *usage;	/* what may follow */
	const char *help;
};

static void
help(struct request *r);

bool
request_number(const char *word, long *out)
{
	char *end;

	*out = strtol(word, &end, 10);
	return end != word && *end == '\0';
}

static void
prompt(struct request *r)
{
	if (r->session != NULL)
		r->session->prompt = !r->session->prompt;
}

static void
quit(struct request *r)
{
	if (r->session != NULL)
		r->session->quit = true;
}

static void
set_timeout(struct request *r)
{
	char *end;
	long seconds;

	if (r->argc < 1) {
		text_add(r->out, "Expects an integer value.\n");
		return;
	}
	seconds = strtol(r->argv[0], &end, 10);
	if (end == r->argv[0] || (*end != '\0' && strcmp(end, "s") != 0) ||
	    seconds < 1 || seconds > 3600)
		text_add(r->out, "Invalid timeout value.\n");
	else if (r->session != NULL)
		r->session->timeout = SEC(seconds);
}

static void
lower(struct request *r, enum level level)
{
	if (r->session != NULL && r->session->level > level)
		r->session->level = level;
}

static void
be_user(struct request *r)
{
	lower(r, LEVEL_USER);
}

static void
be_operator(struct request *r)
{
	lower(r, LEVEL_OPERATOR);
}

static enum level
level_of(const struct request *r)
{
	return r->session != NULL ? r->session->level : LEVEL_ADMIN;
}

static void
show_level(struct request *r)
{
	static const char *const names[] = {
		[LEVEL_USER] = "user", [LEVEL_OPERATOR] = "operator",
		[LEVEL_ADMIN] = "admin",
	};
	const char *name = names[level_of(r)];

	text_add(r->out, r->json ? "{\"level\":\"%s\"}\n" : "%s\n", name);
}

static void
reload(struct request *r)
{
	if (r->daemon == NULL || r->daemon->reload == NULL)
		text_add(r->out, "reload failed: nobody can reload here\n");
	else
		r->daemon->reload(r->daemon->owner, r->out);
}

static const struct command table[] = {
	{ "abort ssl cert", LEVEL_ADMIN, abort_ssl_cert, "<path>",
	    "forget a certificate that was set and not committed" },
	{ "clear counters all", LEVEL_ADMIN, clear_counters_all, "",
	    "count anew, as after a start; what is in flight stays" },
	{ "clear counters", LEVEL_OPERATOR, clear_counters, "",
	    "forget the largest values: smax, rate_max and so on" },
	{ "commit ssl cert", LEVEL_ADMIN, commit_ssl_cert, "<path>",
	    "use the certificate that was set, wherever its path is used" },
	{ "disable server", LEVEL_OPERATOR, disable_server, "<pool>/<server>",
	    "as set server state maint" },
	{ "enable server", LEVEL_OPERATOR, enable_server, "<pool>/<server>",
	    "as set server state ready" },
	{ "explain", LEVEL_OPERATOR, explain, "[on <listener>] "
	    "[from <address>] [tried <server>] <pool> [<key>]|<method> <url> "
	    "[<name>: <value>]",
	    "the route and the server a request would get, and why" },
	{ "get weight", LEVEL_USER, get_weight, "<pool>/<server>",
	    "the weight now, and the configured one" },
	{ "help", LEVEL_USER, help, "[<command>]",
	    "list the commands, or those that begin so" },
	{ "operator", LEVEL_USER, be_operator, "",
	    "lower this session to level operator" },
	{ "prompt", LEVEL_USER, prompt, "",
	    "keep the session open, with a prompt" },
	{ "quit", LEVEL_USER, quit, "", "end the session" },
	{ "reload", LEVEL_ADMIN, reload, "",
	    "load the configuration file anew, or say its errors" },
	{ "set maxconn frontend", LEVEL_ADMIN, set_maxconn_frontend,
	    "<listener> <n>",
	    "how many clients it may have; 0: it lets nobody in" },
	{ "set maxconn global", LEVEL_ADMIN, set_maxconn_global, "<n>",
	    "how many clients all listeners may have; 0: as configured" },
	{ "set maxconn server", LEVEL_OPERATOR, set_maxconn_server,
	    "<pool>/<server> <n>",
	    "how many requests it may have in flight; 0: no limit" },
	{ "set server", LEVEL_OPERATOR, set_server, "<pool>/<server> "
	    "state|health|weight <value>",
	    "state ready|drain|maint, health up|down, or weight <n>|<n>%" },
	{ "set ssl cert", LEVEL_ADMIN, set_ssl_cert, "<path> <<",
	    "a new certificate and key, in PEM, then an empty line" },
	{ "set timeout cli", LEVEL_USER, set_timeout, "<seconds>",
	    "how long this session may be idle" },
	{ "set weight", LEVEL_OPERATOR, set_weight, "<pool>/<server> <n>|<n>%",
	    "as set server weight" },
	{ "show backend", LEVEL_USER, show_backend, "", "names of the pools" },
	{ "show cli level", LEVEL_USER, show_level, "",
	    "the level of this session" },
	{ "show config", LEVEL_OPERATOR, show_config, "",
	    "the configuration in force, defaults included" },
	{ "show errors", LEVEL_OPERATOR, show_errors, "",
	    "the last malformed message of each listener and pool" },
	{ "show health", LEVEL_USER, show_health, "[<pool>]",
	    "the health of each server, and why" },
	{ "show info", LEVEL_USER, show_info, "[typed]",
	    "the process: connections, rates, limits" },
	{ "show servers conn", LEVEL_USER, show_servers_conn, "[<pool>]",
	    "connections to each server" },
	{ "show servers state", LEVEL_USER, show_servers_state, "[<pool>]",
	    "states and weights of each server" },
	{ "show sess", LEVEL_OPERATOR, show_sess, "",
	    "the requests in flight" },
	{ "show ssl cert", LEVEL_OPERATOR, show_ssl_cert, "[<path>]",
	    "the certificates in use, or all about one" },
	{ "show stat", LEVEL_USER, show_stat,
	    "[<id>|<name> <type> <sid>] [typed] [up|no-maint]",
	    "counters of each listener, server and pool" },
	{ "show version", LEVEL_USER, show_version, "", "the version" },
	{ "shutdown session", LEVEL_ADMIN, shutdown_session, "<id>",
	    "cut one request in flight (see show sess)" },
	{ "shutdown sessions server", LEVEL_ADMIN, shutdown_sessions_server,
	    "<pool>/<server>", "cut all requests in flight to a server" },
	{ "user", LEVEL_USER, be_user, "", "lower this session to level user" },
};

#define NCOMMANDS (sizeof(table) / sizeof(table[0]))

/* How many of the words are those of this row; 0 if it is another command. */
static int
match(const struct command *c, char **words, int n)
{
	const char *at = c->words;
	int i = 0;

	for (;; i++) {
		size_t len = strcspn(at, " ");

		if (i == n || strlen(words[i]) != len ||
		    memcmp(words[i], at, len) != 0)
			return 0;
		at += len;
		if (*at++ == '\0')
			return i + 1;
	}
}

static const struct command *
find(char **words, int n, int *used)
{
	const struct command *best = NULL;

	*used = 0;
	for (size_t i = 0; i < NCOMMANDS; i++) {
		int m = match(&table[i], words, n);

		if (m > *used) {
			best = &table[i];
			*used = m;
		}
	}
	return best;
}

static bool
has_json(const struct command *c)
{
	return strncmp(c->words, "show ", 5) == 0 || c->run == explain;
}

/* Do the given words begin the words of this row? */
static bool
begins(const struct command *c, char **words, int n)
{
	const char *at = c->words;

	for (int i = 0; i < n; i++) {
		size_t len = strlen(words[i]);

		if (strncmp(at, words[i], len) != 0 ||
		    (at[len] != ' ' && at[len] != '\0'))
			return false;
		at += len;
		if (*at == ' ')
			at++;
		else
			return i + 1 == n;
	}
	return true;
}

static bool
list_commands(struct request *r, char **words, int n)
{
	bool any = false;

	for (size_t i = 0; i < NCOMMANDS; i++) {
		const struct command *c = &table[i];
		size_t at = r->out->n;

		if (!begins(c, words, n))
			continue;
		any = true;
		text_add(r->out, "  %s%s%s%s", c->words,
		    c->usage[0] != '\0' ? " " : "", c->usage,
		    has_json(c) ? " [json]" : "");
		text_add(r->out, "%*s : %s\n",
		    (int)(r->out->n - at < 50 ? 50 - (r->out->n - at) : 0), "",
		    c->help);
	}
	return any;
}

static void
help(struct request *r)
{
	text_add(r->out, "The commands of steelyard %s:\n", STEELYARD_VERSION);
	if (!list_commands(r, r->argv, r->argc))
		list_commands(r, NULL, 0);
}

/* Lists those that begin with the same word, if any do. */
static void
unknown(struct request *r, char **words, int n)
{
	text_add(r->out, "Unknown command. These are the commands:\n");
	if (!list_commands(r, words, n > 0 ? 1 : 0))
		list_commands(r, NULL, 0);
}

static void
take_json(struct request *r, const struct command *c)
{
	r->json = has_json(c) && r->argc > 0 &&
	    strcmp(r->argv[r->argc - 1], "json") == 0;
	if (r->json)
		r->argc--;
}

static void
run_words(struct request *r, char **words, int n)
{
	int used;
	const struct command *c = find(words, n, &used);

	if (c == NULL) {
		unknown(r, words, n);
	} else if (c->level > level_of(r)) {
		text_add(r->out, "Permission denied\n");
	} else {
		r->argv = words + used;
		r->argc = n - used;
		take_json(r, c);
		c->run(r);
	}
	if (r->session == NULL || !r->session->quit)
		text_add_char(r->out, '\n');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * The words of the command that begins at *at, which then stands behind it;
 * -1 when there are too many.  Escapes go in place.
 */
static int
cut_words(char **at, char **words)
{
	char *from = *at, *to;
	int n = 0;

	for (;;) {
		while (is_blank(*from))
			from++;
		if (*from == '\0' || *from == ';')
			break;
		if (n == COMMAND_WORDS)
			return -1;
		words[n++] = to = from;
		while (*from != '\0' && *from != ';' && !is_blank(*from)) {
			if (*from == '\\' && from[1] != '\0')
				from++;
			*to++ = *from++;
		}
		if (*from == '\0' || *from == ';') {
			bool more = *from == ';';

			*to = '\0';
			from += more;
			*at = more ? from : NULL;
			return n;
		}
		*to = '\0';
		from++;
	}
	*at = *from == ';' ? from + 1 : NULL;
	return n;
}

void
command_run_line(struct request *r, char *line)
{
	char *words[COMMAND_WORDS], *at = line;
	bool first = true;

	while (at != NULL && (r->session == NULL || !r->session->quit)) {
		int n = cut_words(&at, words);

		if (n < 0) {
			text_add(r->out, "Too many words; at most %d.\n\n",
			    COMMAND_WORDS);
			return;
		}
		/* "show info;" is one command, not two. */
		if (n > 0 || (first && at == NULL))
			run_words(r, words, n);
		first = false;
	}
}
