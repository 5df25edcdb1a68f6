// SPDX-License-Identifier: MIT
#include "cli/events/event_printer.h"

#include "base/descriptors.h"
#include "base/utf8.h"
#include "cli/text.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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

std::string pairs(const Fields &fields)
{
	std::string out;
	for (const auto &field : fields) {
		if (std::holds_alternative<std::vector<Fields>>(field.value))
			continue;
		auto text = printable(toText(field.value));
		if (text.empty() || text.find_first_of(" \"\\") != std::string::npos) {
			std::string quoted;
			for (char c : text)
				quoted += c == '"' || c == '\\' ? std::string { '\\', c } : std::string(1, c);
			text = '"' + quoted + '"';
		}
		out += (out.empty() ? "" : "  ") + field.name + '=' + text;
	}
	return out;
}

constexpr std::string_view kReset = "\x1b[0m", kDim = "\x1b[2m", kRed = "\x1b[31m", kGreen = "\x1b[32m",
			   kYellow = "\x1b[33m", kCyan = "\x1b[36m";

/// What the eye should find: failures, then what changed in the room.
std::string_view styleOf(const EventRecord &record)
{
	const auto is = [&](std::string_view field, std::string_view value) {
		return std::any_of(record.fields.begin(), record.fields.end(), [&](const Field &each) {
			return each.name == field && toText(each.value) == value;
		});
	};
	if (record.name == "error" || record.name == "expectation-failed" || record.name == "client-banned" ||
	    is("ok", "false"))
		return kRed;
	if (record.name == "expectation-met" || is("ok", "true") || record.name == "joined")
		return kGreen;
	if (is("state", "RECONNECTING") || is("state", "DISCONNECTED") || record.name == "stream-reconnecting")
		return kYellow;
	if (record.name.starts_with("stream-") || record.name.starts_with("peer-"))
		return kCyan;
	return {};
}

std::string complaint(std::string_view message) { return "trtc-cli: " + printable(message) + '\n'; }

/// Files and pipes get UTF-8 always; a terminal only when its locale shows it. A Screen looks after itself.
int writeText(int fd, const std::string &text)
{
	return ::isatty(fd) && !utf8::localeShowsUtf8() ? writeAll(fd, utf8::ascii(text)) : writeAll(fd, text);
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

std::string formatText(const EventRecord &record, const Stamp &stamp, bool colours)
{
	const auto time = fmt::format("{:9.3f}s", static_cast<double>(stamp.elapsed.count()) / 1000.0);
	auto fields = pairs(record.fields);
	auto name = fields.empty() ? record.name : fmt::format("{:<24}", record.name);
	if (colours) {
		if (const auto style = styleOf(record); !style.empty())
			name = fmt::format("{}{}{}", style, name, kReset);
		fields = record.name == "error" ? fmt::format("{}{}{}", kRed, fields, kReset) : fields;
	}
	auto out = colours ? fmt::format("{}{}{}", kDim, time, kReset) : time;
	out += fields.empty() ? fmt::format("  {}\n", name) : fmt::format("  {}  {}\n", name, fields);
	for (const auto &field : record.fields)
		if (const auto *items = std::get_if<std::vector<Fields>>(&field.value))
			for (const auto &item : *items)
				out += fmt::format("{:12}{}\n", "", pairs(item));
	return out;
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
	if (!tee_ && (format_ == EventFormat::None || failure_))
		return;
	const Stamp stamp { std::chrono::system_clock::now(), elapsed() };
	if (tee_)
		tee_(record, formatJson(record, stamp), true);
	if (format_ == EventFormat::None || failure_)
		return;
	write(format_ == EventFormat::Json ? formatJson(record, stamp) : formatText(record, stamp, colours_));
}

bool EventPrinter::errorIsEnough() const noexcept { return !printed_ && ::isatty(fd_) && ::isatty(STDERR_FILENO); }

void EventPrinter::write(const std::string &text)
{
	printed_ = true;
	failure_ = screen_ && screenEvents_	  ? screen_->print(text, format_ == EventFormat::Text)
		   : format_ == EventFormat::Text ? writeText(fd_, text)
						  : writeAll(fd_, text);
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
	else if (!failure_)
		write(text);
}

void EventPrinter::aside(const EventRecord &record)
{
	if (tee_)
		tee_(record, formatJson(record, { std::chrono::system_clock::now(), elapsed() }), false);
}

void complain(std::string_view message)
{
	// A failure here has nowhere to go.
	static_cast<void>(writeText(STDERR_FILENO, complaint(message)));
}

} // namespace trtc::cli
