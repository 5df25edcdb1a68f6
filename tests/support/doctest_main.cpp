// SPDX-License-Identifier: MIT
// For tests without GStreamer: those bring a main of their own.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
