// SPDX-License-Identifier: MIT
#pragma once

#include <glib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace trtc::test {

/// A folder of its own, gone with the test unless TRTC_TEST_KEEP is set.
class TempDir {
public:
	TempDir()
	{
		gchar *made = g_dir_make_tmp("trtc-test-XXXXXX", nullptr);
		if (!made)
			throw std::runtime_error("no temporary folder");
		path_ = made;
		g_free(made);
	}
	~TempDir()
	{
		std::error_code ignored;
		if (!std::getenv("TRTC_TEST_KEEP"))
			std::filesystem::remove_all(path_, ignored);
	}
	TempDir(const TempDir &) = delete;
	TempDir &operator=(const TempDir &) = delete;

	const std::string &str() const noexcept { return path_; }
	std::string operator/(const std::string &name) const { return path_ + "/" + name; }
	/// Full names of what is in it, sorted.
	std::vector<std::string> files() const
	{
		std::vector<std::string> names;
		for (const auto &entry : std::filesystem::directory_iterator(path_))
			names.push_back(entry.path().string());
		std::sort(names.begin(), names.end());
		return names;
	}

private:
	std::string path_;
};

} // namespace trtc::test
