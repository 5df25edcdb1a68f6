// SPDX-License-Identifier: MIT
// config-sample [FILE]: prints a configuration file with every key, or compares FILE with it.
#include "cli/options/config_file.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

int main(int argc, char **argv)
{
	const auto wanted = trtc::cli::sampleConfig();
	if (argc < 2) {
		std::cout << wanted << std::flush;
		return std::cout ? 0 : 1;
	}
	std::ifstream file(argv[1]);
	std::ostringstream text;
	text << file.rdbuf();
	if (file && text.str() == wanted)
		return 0;
	std::cerr << argv[1] << " does not say what the options say: run scripts/config-sample\n";
	return 1;
}
