#pragma once

/*
 * Whether the address sanitizer looks on, and how to tell it that bytes of ours
 * must not be touched.
 */
#ifdef __SANITIZE_ADDRESS__		/* gcc */
#define HAS_ASAN 1
#elif defined(__has_feature)		/* clang */
#define HAS_ASAN __has_feature(address_sanitizer)
#else
#define HAS_ASAN 0
#endif

#if HAS_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif
