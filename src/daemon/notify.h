#pragma once

#include <stdint.h>

/* What the service manager is told (sd_notify(3)); nothing without one. */
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(const char *status);
void notify_alive(void);

/* Half the time within which it wants a sign of life; 0: it does not. */
int64_t notify_interval(void);
