#pragma once

#define STEELYARD_VERSION "0.1.0"
#define STEELYARD_RELEASED "2026/11/24"
