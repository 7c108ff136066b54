# make | make run | make test | make lint | make fuzz | make deb | make clean
# make install [DESTDIR= PREFIX= SYSCONFDIR=]
# make bench [CASE=small64,newconn PEERS=haproxy,nginx ROUNDS=3 SECONDS=3
#	CONGESTION=cubic]
# make bench-scale [CASE=servers,routes PEERS=haproxy]
# MODE=release|debug|asan|cov   V=1   JOBS=n   make fuzz TIME=10 TARGET=h1_parse
MODE    ?= release
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
EXAMPLES := $(PREFIX)/share/doc/steelyard/examples
UNITDIR ?= $(PREFIX)/lib/systemd/system
BUILD   ?= build/$(MODE)
JOBS    ?= $(shell nproc)
TIME    ?= 10
TARGET  ?= *
Q       := $(if $(V),,@)
VERSION := $(shell sed -n 's/.*STEELYARD_VERSION "\(.*\)"/\1/p' \
	   src/base/version.h)

PKGS    := libevent_core libconfig libcap libsystemd zlib libxxhash libcares \
	   openssl libnghttp2
CFLAGS  ?= -O2 -g
KNOBS.release := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
KNOBS.debug := -O0
SAN     := -fsanitize=address,undefined -fno-omit-frame-pointer \
	   -fno-sanitize-recover=undefined
KNOBS.asan := -O1 $(SAN)
KNOBS.cov := -O0 --coverage
KNOBS.fuzz := -O1 -fsanitize=fuzzer-no-link $(SAN)
FLAGS   := -Isrc -D_GNU_SOURCE $(shell pkg-config --cflags $(PKGS) 2>/dev/null) \
	   $(CPPFLAGS) $(CFLAGS) -std=c11 -fPIE -Wall -Wextra -Werror \
	   -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	   $(KNOBS.$(MODE))
LINK    := $(LDFLAGS) -pie -Wl,-z,relro,-z,now \
	   $(filter -f% --coverage,$(KNOBS.$(MODE)))
LIBS    := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm $(LDLIBS)

SRCS    := $(sort $(wildcard src/*/*.c))
HDRS    := $(sort $(wildcard src/*/*.h))
OBJS    := $(SRCS:%.c=$(BUILD)/%.o)
MAINS   := $(BUILD)/src/daemon/main.o $(BUILD)/src/ctl/main.o
LIB     := $(BUILD)/lib.a
PROGS   := $(BUILD)/steelyard $(BUILD)/steelyardctl
TSRCS   := $(sort $(wildcard tests/unit/*/*.c tests/sim/*.c tests/fuzz/*.c \
	   tests/bench/*.c))
TOBJS   := $(TSRCS:%.c=$(BUILD)/%.o)
# What test programs share stands beside them, in files not called test_*.
shared   = $(foreach f,$(1),$(if $(filter test_%,$(notdir $f)),,$f))
UNITLIB := $(call shared,$(wildcard tests/unit/*/*.c))
STUDY   := $(BUILD)/tests/sim/study
SIMLIB  := $(call shared,$(filter-out %/study.c,$(wildcard tests/sim/*.c)))
UNIT    := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/unit/*/test_*.c)))
SIM     := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/sim/test_*.c)))
FUZZ    := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAY  := $(FUZZ:$(BUILD)/tests/fuzz/fuzz_%=$(BUILD)/tests/fuzz/replay_%)
FLOOR   := $(BUILD)/tests/bench/floor
SHAKES  := $(BUILD)/tests/bench/handshakes
FLOOD   := $(BUILD)/tests/bench/flood
SYSTEM  := $(sort $(wildcard tests/system/test_*.py))
# A nested make runs in parallel, unless the user said how.
J       = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

all: $(PROGS)
$(BUILD)/steelyard: $(BUILD)/src/daemon/main.o $(LIB)
$(BUILD)/steelyardctl: $(BUILD)/src/ctl/main.o $(LIB)
$(PROGS):
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)
$(LIB): $(filter-out $(MAINS),$(OBJS))
	$(Q)rm -f $@; $(AR) rcs $@ $(filter %.o,$^)
$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D); echo "  CC    $<"
	$(Q)$(CC) $(FLAGS) -MMD -MP -c -o $@ $<

# Everything is made anew when the flags, the compiler or the files change.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); pkg-config --exists $(PKGS) || { \
		echo "missing: $(PKGS); see packaging/install-deps" >&2; exit 1; }
	@printf '%s\n' '$(CC) $(FLAGS) $(LINK) $(LIBS)' | cmp -s - $@ || \
		printf '%s\n' '$(CC) $(FLAGS) $(LINK) $(LIBS)' > $@
$(LIB) $(PROGS): $(BUILD)/sources
$(BUILD)/sources: FORCE
	@mkdir -p $(@D); echo '$(SRCS) $(TSRCS)' | cmp -s - $@ || \
		echo '$(SRCS) $(TSRCS)' > $@

# --- tests: set up what is missing, build, then run them in parallel
run:
	@packaging/install-deps run
	@$(MAKE) $(J) --no-print-directory all
	@echo "Try: curl -i http://127.0.0.1:8080/     Ctrl-C ends it."
	@exec $(BUILD)/steelyard -f conf/demo.conf
test:
	@packaging/install-deps test
	@$(MAKE) $(J) --no-print-directory tests
	@tests/run --jobs $(JOBS) --bin $(BUILD)/steelyard --unit $(UNIT) \
		--sim $(SIM) --fuzz $(REPLAY) --system $(SYSTEM)
tests: $(PROGS) $(UNIT) $(SIM) $(REPLAY) $(FLOOR) $(SHAKES) $(FLOOD)
unit: $(UNIT)
	@tests/run --jobs $(JOBS) --unit $(UNIT)
sim: $(SIM)
	@tests/run --jobs $(JOBS) --sim $(SIM)
sim-study: $(STUDY)	# the policies, beside published figures
	@$(STUDY)
system: $(PROGS) $(FLOOR) $(SHAKES) $(FLOOD)
	@tests/run --jobs $(JOBS) --bin $(BUILD)/steelyard --system $(SYSTEM)

$(UNIT): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/unit.a $(LIB)
$(SIM): $(BUILD)/%: $(BUILD)/%.o $(SIMLIB:%.c=$(BUILD)/%.o) $(LIB)
$(BUILD)/tests/unit.a: $(UNITLIB:%.c=$(BUILD)/%.o) $(BUILD)/sources
	@mkdir -p $(@D)
	$(Q)rm -f $@; $(AR) rcs $@ $(filter %.o,$^)
$(STUDY): $(STUDY).o $(LIB)
$(UNIT) $(SIM) $(STUDY):
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) -o $@ $^ -lcmocka $(LIBS)
$(REPLAY): $(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o \
    $(BUILD)/tests/fuzz/replay.o $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) -o $@ $(filter %.o %.a,$^) $(LIBS)
$(FLOOR) $(SHAKES) $(FLOOD): %: %.o
	@echo "  LD    $@"
	$(Q)$(CC) $(LINK) -o $@ $^ $(LIBS)
cov:
	-@$(MAKE) MODE=cov --no-print-directory test
	@tests/coverage build/cov

# --- side by side with HAProxy, nginx and h2o; how cost grows
BENCH   := $(if $(CASE),--case $(CASE)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
	   $(if $(SECONDS),--seconds $(SECONDS)) \
	   $(if $(PEERS),--peers $(PEERS)) \
	   $(if $(CONGESTION),--congestion $(CONGESTION)) --bin $(BUILD)/steelyard
bench bench-scale:
	@packaging/install-deps bench
	@$(MAKE) $(J) --no-print-directory $(PROGS) $(FLOOR) \
		$(SHAKES)
	@tests/bench/run $(if $(filter bench-scale,$@),--scale) $(BENCH)

# --- fuzzing: clang's libFuzzer, TIME seconds a target
fuzz:
	@packaging/install-deps ci
	@$(MAKE) $(J) --no-print-directory MODE=fuzz CC=clang fuzzers
	@tests/fuzz/run --jobs $(JOBS) --time $(TIME) \
		$(patsubst %.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_$(TARGET).c))
fuzzers: $(FUZZ)
$(FUZZ): $(BUILD)/%: $(BUILD)/%.o $(LIB)
	@echo "  LD    $@"
	$(Q)$(CC) -fsanitize=fuzzer $(LINK) -o $@ $^ $(LIBS)

# --- lint: no waivers.  Results are kept in build/, so a second run is quick.
lint:
	@packaging/install-deps ci
	@rc=0; m="$(MAKE) MODE=release -k $(J) --no-print-directory"; \
	for s in layers size functions calls words man scripts; do \
		tests/lint/check-$$s || rc=1; done; \
	$$m BUILD=build/lint/gcc CC=gcc lint-gcc || rc=1; \
	$$m BUILD=build/lint/clang CC=clang lint-clang || rc=1; \
	[ $$rc -ne 0 ] || echo "lint: clean"; exit $$rc
lint-gcc: $(OBJS) $(TOBJS) $(PROGS) $(HDRS:%=$(BUILD)/%.ok) \
    $(BUILD)/cppcheck.ok
	$(Q)rc=0; tests/lint/check-globals $(OBJS) || rc=1; \
	if [ -x tests/lint/check-options ]; then \
		tests/lint/check-options $(BUILD)/steelyard || rc=1; fi; exit $$rc
lint-clang: $(OBJS) $(TOBJS) $(SRCS:%.c=$(BUILD)/%.tidy)
$(BUILD)/%.h.ok: %.h $(HDRS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(FLAGS) -Wno-unused-function -fsyntax-only -include $< \
		-x c /dev/null && touch $@
$(BUILD)/%.tidy: $(BUILD)/%.o .clang-tidy
	@echo "  TIDY  $*.c"
	$(Q)clang-tidy --quiet $*.c -- $(FLAGS) 2>$@.err || \
		{ cat $@.err; exit 1; }; touch $@
$(BUILD)/cppcheck.ok: $(SRCS) $(HDRS) tests/lint/check-cppcheck
	@mkdir -p $(BUILD)/cppcheck; echo "  CPPCHECK"
	$(Q)tests/lint/check-cppcheck $(BUILD)/cppcheck $(JOBS) && touch $@

# --- installing
install: $(PROGS)
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man8 \
		$(DESTDIR)$(EXAMPLES) $(DESTDIR)$(SYSCONFDIR)/steelyard
	install $(PROGS) $(DESTDIR)$(PREFIX)/sbin
	install -m 644 $(wildcard man/*.5) $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 644 $(wildcard man/*.8) $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 644 $(wildcard conf/*.conf) $(DESTDIR)$(EXAMPLES)
	test -e $(DESTDIR)$(SYSCONFDIR)/steelyard/steelyard.conf || \
		install -m 644 conf/steelyard.conf \
		$(DESTDIR)$(SYSCONFDIR)/steelyard/steelyard.conf
	sed -e 's|/usr/sbin|$(PREFIX)/sbin|' -e 's|/etc|$(SYSCONFDIR)|' \
		packaging/systemd/steelyard.service \
		> $(DESTDIR)$(UNITDIR)/steelyard.service
	chmod 644 $(DESTDIR)$(UNITDIR)/steelyard.service
uninstall:
	rm -f $(PROGS:$(BUILD)/%=$(DESTDIR)$(PREFIX)/sbin/%) \
		$(DESTDIR)$(PREFIX)/share/man/man5/steelyard.conf.5 \
		$(DESTDIR)$(PREFIX)/share/man/man8/steelyard.8 \
		$(DESTDIR)$(PREFIX)/share/man/man8/steelyardctl.8 \
		$(DESTDIR)$(UNITDIR)/steelyard.service
	rm -rf $(DESTDIR)$(EXAMPLES)
deb:
	@packaging/install-deps ci
	@$(MAKE) MODE=release $(J) --no-print-directory all
	$(Q)packaging/deb/build build/deb $(VERSION)
clean:
	rm -rf build
	find tests -name __pycache__ -exec rm -rf {} +

FORCE:
.PHONY: all run test tests unit sim sim-study system cov bench bench-scale \
	fuzz fuzzers lint lint-gcc lint-clang install uninstall deb clean FORCE
.SECONDARY:
-include $(OBJS:.o=.d) $(TOBJS:.o=.d)
