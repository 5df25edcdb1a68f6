// SPDX-License-Identifier: MIT
#include "report/stream.h"

#include "base/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace trtc::report {

Stream::Stream(int directory, std::string name, std::string extension, std::size_t maxBytes)
	: directory_(directory), name_(std::move(name)), extension_(std::move(extension)), partBytes_(maxBytes / 3)
{
}

Stream::~Stream()
{
	if (fd_ >= 0)
		::close(fd_);
}

bool Stream::next()
{
	if (fd_ >= 0)
		::close(fd_);
	// 1, 2, 3, 2, 3 ...
	++part_;
	const auto number = part_ <= 3 ? part_ : 2 + part_ % 2;
	const auto file = number == 1 ? name_ + extension_ : name_ + '-' + std::to_string(number) + extension_;
	fd_ = ::openat(directory_, file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	written_ = 0;
	return fd_ >= 0;
}

int Stream::put(std::string_view text)
{
	if (written_ + text.size() > partBytes_ || fd_ < 0)
		if (!next())
			return errno;
	written_ += text.size();
	return writeAll(fd_, text);
}

int Stream::write(std::string_view line)
{
	if (broken_)
		return 0;
	std::string text(line.substr(0, kMaxLine));
	text += line.size() > kMaxLine ? " ...\n" : "\n";
	const int error = put(text);
	broken_ = error != 0;
	return error;
}

int writeFile(int directory, const std::string &name, std::string_view text)
{
	const int fd = ::openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	const int error = writeAll(fd, text);
	::close(fd);
	return error;
}

} // namespace trtc::report
