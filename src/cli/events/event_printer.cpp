// SPDX-License-Identifier: MIT
#include "cli/events/event_printer.h"

#include "base/descriptors.h"
#include "base/utf8.h"
#include "cli/events/error_queue.h"
#include "cli/events/event_text.h"
#include "cli/text.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace trtc::cli {

namespace {

void writeValue(json::Writer &writer, const FieldValue &value);

void writeFields(json::Writer &writer, const Fields &fields)
{
	for (const auto &field : fields) {
		writer.key(field.name);
		writeValue(writer, field.value);
	}
}

void writeValue(json::Writer &writer, const FieldValue &value)
{
	std::visit(overloaded {
			   [&](const std::vector<Fields> &items) {
				   writer.beginArray();
				   for (const auto &item : items) {
					   writer.beginObject();
					   writeFields(writer, item);
					   writer.endObject();
				   }
				   writer.endArray();
			   },
			   [&](const auto &scalar) { writer.value(scalar); },
		   },
		   value);
}

std::string complaint(std::string_view message) { return "trtc-cli: " + printable(message) + '\n'; }

/// Files and pipes get UTF-8 always; a terminal only when its locale shows it. A Screen looks after itself.
std::string shown(int fd, const std::string &text)
{
	return ::isatty(fd) && !utf8::localeShowsUtf8() ? utf8::ascii(text) : text;
}

} // namespace

std::string rfc3339(std::chrono::system_clock::time_point time)
{
	using namespace std::chrono;
	const auto whole = floor<milliseconds>(time.time_since_epoch());
	const auto seconds = static_cast<std::time_t>(floor<std::chrono::seconds>(whole).count());
	std::tm utc {};
	gmtime_r(&seconds, &utc);
	return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
			   utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
			   whole.count() - std::int64_t { seconds } * 1000);
}

std::string formatJson(const EventRecord &record, const Stamp &stamp)
{
	json::Writer writer;
	writer.beginObject();
	writer.member("event", record.name);
	writer.member("time", rfc3339(stamp.time));
	writer.member("elapsedMs", std::int64_t { stamp.elapsed.count() });
	writeFields(writer, record.fields);
	writer.endObject();
	return writer.take() + '\n';
}

const char *formatName(EventFormat format) noexcept
{
	return format == EventFormat::Json ? "json" : format == EventFormat::Text ? "text" : "none";
}

EventPrinter::EventPrinter(EventFormat format, int fd, std::chrono::steady_clock::time_point start)
	: format_(format), fd_(fd), start_(start)
{
}

std::chrono::milliseconds EventPrinter::elapsed() const
{
	return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_);
}

void EventPrinter::print(const EventRecord &record)
{
	const bool silent = format_ == EventFormat::None || failure() != 0;
	if (!tee_ && silent)
		return;
	const Stamp stamp { std::chrono::system_clock::now(), elapsed() };
	if (tee_)
		tee_(record, formatJson(record, stamp), true);
	if (silent)
		return;
	write(format_ == EventFormat::Json ? formatJson(record, stamp) : formatText(record, stamp.elapsed, colours_));
}

bool EventPrinter::errorIsEnough() const noexcept { return !printed_ && ::isatty(fd_) && ::isatty(STDERR_FILENO); }

void EventPrinter::write(const std::string &text)
{
	printed_ = true;
	const bool asText = format_ == EventFormat::Text;
	if (screen_ && screenEvents_) {
		failure_ = screen_->print(text, asText);
	} else if (outbox_) {
		outbox_->put(asText ? shown(fd_, text) : text);
	} else {
		failure_ = writeAll(fd_, asText ? shown(fd_, text) : text);
	}
}

SourceHandle EventPrinter::queue(MainLoop &loop, SlowReader slow)
{
	glib::Outbox::Config config;
	if (slow == SlowReader::Fails) {
		config.maxBytes = kMaxWaiting;
		config.full = glib::Outbox::Full::Fail;
		config.patience = kPatience;
	} else {
		config.lost = [this](std::int64_t count) { print({ "events-lost", { { "count", count } } }); };
	}
	outbox_ = glib::Outbox::create(fd_, std::move(config));
	return outbox_->attach(loop);
}

bool EventPrinter::finish(std::chrono::milliseconds limit) { return !outbox_ || outbox_->finish(limit); }

int EventPrinter::failure() const { return failure_ ? failure_ : outbox_ ? outbox_->failure() : 0; }

std::string EventPrinter::failureText() const
{
	switch (const int error = failure()) {
	case ENOBUFS:
		return fmt::format("{} MiB of events wait for its reader", kMaxWaiting / (1024 * 1024));
	case ETIMEDOUT:
		return fmt::format("its reader has read nothing for {} s", kPatience.count());
	default:
		return std::strerror(error);
	}
}

void EventPrinter::complain(std::string_view message)
{
	if (screen_ && screenComplaints_)
		static_cast<void>(screen_->print(complaint(message)));
	else
		cli::complain(message);
}

void EventPrinter::attach(std::shared_ptr<terminal::Screen> screen, bool events, bool complaints)
{
	screen_ = std::move(screen);
	screenEvents_ = events;
	screenComplaints_ = complaints;
}

void EventPrinter::print(const EventRecord &record, const std::string &text)
{
	if (format_ != EventFormat::Text)
		print(record);
	else if (failure() == 0)
		write(text);
}

void EventPrinter::aside(const EventRecord &record)
{
	if (tee_)
		tee_(record, formatJson(record, { std::chrono::system_clock::now(), elapsed() }), false);
}

void complain(std::string_view message) { ErrorQueue::write(shown(STDERR_FILENO, complaint(message))); }

} // namespace trtc::cli
