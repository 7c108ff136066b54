/*
 * main.c - the command line of steelyard(8).
 */
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/version.h"
#include "conf/load.h"
#include "daemon/daemon.h"
#include "daemon/privileges.h"

#ifdef __clang__
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif
#define DEFAULT_FILE "/etc/steelyard/steelyard.conf"

static int
usage(FILE *to)
{
	fprintf(to, "usage: steelyard [-f file] [-t] [-T] [-D] "
	    "[-p pidfile] [-V] [-h]\n"
	    "  -f file     the configuration (%s)\n"
	    "  -t          check the configuration and exit\n"
	    "  -T          print the effective configuration and exit\n"
	    "  -D          become a daemon\n"
	    "  -p pidfile  write the process id there\n"
	    "  -V          print the version and what it was built with\n"
	    "  -h          print this\n",
	    DEFAULT_FILE);
	return to == stdout ? 0 : EX_USAGE;
}

static int
print_version(void)
{
	struct tls *tls = tls_new();

	printf("steelyard %s\nbuilt with %s %s, C%ld, %s\nTLS: %s, kTLS %s\n",
	    STEELYARD_VERSION, COMPILER, __VERSION__,
	    __STDC_VERSION__ / 100 % 100,
	    loop_library(), tls_library(),
	    tls_has_ktls(tls) ? "available" : "not available");
	tls_free(&tls);
	return 0;
}

static int
print_conf(const struct conf *conf)
{
	struct text out;

	text_init(&out);
	conf_dump(conf, &out);
	fwrite(out.p, 1, out.n, stdout);
	text_fini(&out);
	return fflush(stdout) == 0 ? 0 : EX_IOERR;
}

/* The parent waits for a byte, which says that the child has started. */
static int
wait_for_child(int fd, pid_t child)
{
	char byte;
	int status;
	ssize_t n = read(fd, &byte, 1);

	close(fd);
	if (n == 1)
		return 0;
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		return WEXITSTATUS(status);
	return EX_OSERR;
}

/*
 * Leaves the terminal.  stderr stays until we have started, so that what goes
 * wrong is seen.
 */
static void
started(void *owner)
{
	int *fd = owner, null;

	if (*fd < 0)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
	if (write(*fd, "", 1) != 1)
		_exit(EX_OSERR);
	close(*fd);
	*fd = -1;
}

static int
run_in_background(const struct options *o)
{
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) != 0 || (child = fork()) < 0) {
		perror("steelyard: cannot become a daemon");
		return EX_OSERR;
	}
	if (child > 0) {
		close(fds[1]);
		return wait_for_child(fds[0], child);
	}
	close(fds[0]);
	setsid();
	if (chdir("/") != 0)
		_exit(EX_OSERR);
	return daemon_run(o, started, &fds[1]);
}

/* 0: go on; otherwise the exit status plus one. */
static int
read_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt(argc, argv, "f:tTDp:Vh")) != -1) {
		switch (c) {
		case 'f': o->file = optarg; break;
		case 't': o->check = true; break;
		case 'T': o->print = true; break;
		case 'D': o->background = true; break;
		case 'p': o->pidfile = optarg; break;
		case 'V': return print_version() + 1;
		case 'h': return usage(stdout) + 1;
		default: return usage(stderr) + 1;
		}
	}
	return optind < argc ? usage(stderr) + 1 : 0;
}

/* Links stay what they are: a reload follows them anew.  NULL: errno says why.
 * The caller frees it. */
static char *
make_absolute(const char *path)
{
	char dir[4096], *full;

	if (*path == '/')
		return strdup(path);
	if (getcwd(dir, sizeof(dir)) == NULL ||
	    asprintf(&full, "%s/%s", dir, path) < 0)
		return NULL;
	return full;
}

/* It changes the directory, and a reload must still find the file. */
static int
detach(struct options *o)
{
	char *file = make_absolute(o->file), *pidfile = NULL;
	int rc = EX_OSERR;

	if (o->pidfile != NULL)
		pidfile = make_absolute(o->pidfile);
	if (file == NULL || (o->pidfile != NULL && pidfile == NULL)) {
		perror("steelyard: the working directory");
	} else {
		o->file = file;
		o->pidfile = pidfile;
		rc = run_in_background(o);
	}
	free(file);
	free(pidfile);
	return rc;
}

/* Each line of them, for a terminal. */
static void
print_warnings(const struct text *warnings)
{
	struct slice rest = text_slice(warnings);

	while (rest.n > 0) {
		const char *nl = memchr(rest.p, '\n', rest.n);
		size_t n = nl != NULL ? (size_t)(nl - rest.p) : rest.n;

		fprintf(stderr, "warning: %.*s\n", (int)n, rest.p);
		rest = slice_skip(rest, nl != NULL ? n + 1 : n);
	}
}

/* -t: whom it could not become. */
static bool
knows_user(const struct conf *conf, struct text *errors)
{
	struct text why;
	bool good;

	text_init(&why);
	good = privileges_known(conf, &why);
	if (!good) {
		daemon_add_place(errors, conf);
		text_add(errors, "%s\n", why.p);
	}
	text_fini(&why);
	return good;
}

/* -t and -T: nothing is opened but what the configuration names. */
static int
check(const struct options *o)
{
	struct tls *tls = tls_new();
	struct text errors, warnings;
	struct conf *conf;
	int rc = EX_CONFIG;

	text_init(&errors);
	text_init(&warnings);
	conf = daemon_load(o->file, tls, NULL, &errors, &warnings);
	print_warnings(&warnings);
	if (conf == NULL || (o->check && !knows_user(conf, &errors))) {
		fputs(errors.p, stderr);
	} else if (o->print) {
		rc = print_conf(conf);
	} else {
		printf("%s is valid\n", o->file);
		rc = 0;
	}
	conf_put(&conf);
	text_fini(&warnings);
	text_fini(&errors);
	tls_free(&tls);
	return rc;
}

int
main(int argc, char **argv)
{
	struct options o = { .file = DEFAULT_FILE };
	int rc = read_options(argc, argv, &o), none = -1;

	if (rc != 0)
		return rc - 1;
	if (o.check || o.print)
		return check(&o);
	if (o.background)
		return detach(&o);
	return daemon_run(&o, started, &none);
}
