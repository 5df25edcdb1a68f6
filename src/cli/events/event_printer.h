// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_record.h"
#include "glib/outbox.h"
#include "terminal/screen.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace trtc::cli {

enum class EventFormat { None, Json, Text };
const char *formatName(EventFormat format) noexcept; ///< as `--events` has it

/// When an event happened.
struct Stamp {
	std::chrono::system_clock::time_point time;
	std::chrono::milliseconds elapsed { 0 }; ///< since the process started, monotonic
};

/// RFC 3339, UTC, milliseconds: "2024-05-01T12:00:00.250Z". Reentrant.
std::string rfc3339(std::chrono::system_clock::time_point time);
/// One JSON object and a line feed. Reentrant.
std::string formatJson(const EventRecord &record, const Stamp &stamp);
/// Writes events to a descriptor, each with one write, unbuffered. Thread-bound.
class EventPrinter {
public:
	/// @p start: when the process started. @p fd is borrowed.
	EventPrinter(EventFormat format, int fd, std::chrono::steady_clock::time_point start);
	/// @p tee, if not null, gets every event as JSON, whatever the format is and whether stdout can be written or not.
	/// @p event: false for what was told to it alone, by aside().
	using Tee = std::function<void(const EventRecord &, const std::string &json, bool event)>;
	void setTee(Tee tee) { tee_ = std::move(tee); }
	bool hasTee() const noexcept { return static_cast<bool>(tee_); }
	void aside(const EventRecord &record);
	/// Nothing is written once a write has failed.
	void print(const EventRecord &record);
	/// The same, with another text for people. @p text ends with a line feed.
	void print(const EventRecord &record, const std::string &text);
	/// From now on events go to the tee only.
	void mute() noexcept { format_ = EventFormat::None; }
	/// No event so far, and stdout and stderr are terminals: an error on stderr says all that a person has to know.
	bool errorIsEnough() const noexcept;
	/// Like the function complain(), but above the prompt while a screen is attached that stderr goes to.
	void complain(std::string_view message);
	/// From now on text goes through @p screen, which stays attached when it is closed. @p events, @p complaints:
	/// whether stdout, stderr are its terminal.
	void attach(std::shared_ptr<terminal::Screen> screen, bool events, bool complaints);
	/// What becomes of events that a slow reader leaves waiting.
	enum class SlowReader {
		Loses, ///< past 4 MiB they are dropped, and `events-lost` tells how many
		Fails, ///< past kMaxWaiting, or when it has taken nothing for kPatience, nothing is written any more: failure()
	};
	static constexpr std::size_t kMaxWaiting = 16 * 1024 * 1024;
	static constexpr std::chrono::seconds kPatience { 90 };
	/// From now on a slow reader of the descriptor delays nothing: what it does not take waits. @p loop writes it, until the
	/// handle is dropped.
	[[nodiscard]] SourceHandle queue(MainLoop &loop, SlowReader slow = SlowReader::Loses);
	/// Gives a slow reader that long for what waits. False: some of it is not written.
	bool finish(std::chrono::milliseconds limit);
	/// Events as text get colours.
	void setColours(bool colours) noexcept { colours_ = colours; }
	/// Why stdout cannot be written any more: an errno value, or 0. ENOBUFS, ETIMEDOUT: see SlowReader::Fails.
	int failure() const;
	std::string failureText() const; ///< the same for people
	EventFormat format() const noexcept { return format_; }
	std::chrono::milliseconds elapsed() const;
	std::chrono::steady_clock::time_point start() const noexcept { return start_; }

private:
	void write(const std::string &text);

	EventFormat format_;
	int fd_;
	std::chrono::steady_clock::time_point start_;
	int failure_ = 0;
	Tee tee_;
	bool printed_ = false, colours_ = false, screenEvents_ = false, screenComplaints_ = false;
	std::shared_ptr<terminal::Screen> screen_;
	std::shared_ptr<glib::Outbox> outbox_; // null: written at once
};

/// `trtc-cli: MESSAGE` and a line feed on stderr, in one write, without control characters.
void complain(std::string_view message);

} // namespace trtc::cli
