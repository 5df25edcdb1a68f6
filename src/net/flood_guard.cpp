// SPDX-License-Identifier: MIT
#include "net/flood_guard.h"

#include <fcntl.h>
// Not netinet/tcp.h: its tcp_info ends before the byte counts.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

namespace trtc::net {

namespace {

constexpr std::chrono::milliseconds kPeriod { 100 };
constexpr int kReceiveBuffer = 128 * 1024;

std::uint64_t bytesReceived(int fd)
{
	tcp_info info {};
	socklen_t length = sizeof info;
	return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_bytes_received : 0;
}

} // namespace

FloodGuard::FloodGuard(int fd, std::size_t limit) : fd_(::fcntl(fd, F_DUPFD_CLOEXEC, 3)), limit_(limit)
{
	if (fd_ < 0)
		return;
	// What is in the kernel's buffer is still read after the cut, so it is kept small.
	::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
	thread_ = std::thread([this] { run(); });
}

FloodGuard::~FloodGuard()
{
	{
		const std::lock_guard lock(mutex_);
		ending_ = true;
	}
	wake_.notify_all();
	if (thread_.joinable())
		thread_.join();
	if (fd_ >= 0)
		::close(fd_);
}

void FloodGuard::run()
{
	auto seen = bytesReceived(fd_);
	std::uint64_t heard = messages_;
	std::unique_lock lock(mutex_);
	while (!wake_.wait_for(lock, kPeriod, [this] { return ending_; })) {
		const auto received = bytesReceived(fd_);
		const std::uint64_t messages = messages_;
		if (received - seen > messages - heard + limit_) {
			cut_ = true;
			::shutdown(fd_, SHUT_RDWR);
			return;
		}
		if (messages == heard)
			continue;
		heard = messages;
		seen = received;
	}
}

} // namespace trtc::net
