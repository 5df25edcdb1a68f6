// SPDX-License-Identifier: MIT
// doctest's main for tests with GStreamer. TRTC_TEST_LOG=debug shows the log of everything that runs inside.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "base/log.h"

#include <trtc/client.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char **argv)
{
	const char *level = std::getenv("TRTC_TEST_LOG");
	trtc::base::setUpLog(level ? level : "warn", "");
	try {
		trtc::initializeLibrary();
	} catch (const trtc::Exception &exception) {
		std::fprintf(stderr, "skipped: %s\n", exception.what());
		return 77; // meson's number for "skipped"
	}
	return doctest::Context(argc, argv).run();
}
