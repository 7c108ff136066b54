#pragma once

/*
 * Listeners and pools count from 1 each; where both stand in one answer, pools
 * begin here.
 */
#define POOL_IDS 100000u
