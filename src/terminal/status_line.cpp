// SPDX-License-Identifier: MIT
#include "terminal/status_line.h"

#include "terminal/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace trtc::terminal {

namespace {

constexpr std::string_view kReset = "\x1b[0m", kDim = "\x1b[2m", kRed = "\x1b[31m", kGreen = "\x1b[32m",
			   kYellow = "\x1b[33m", kBold = "\x1b[1m";
constexpr std::string_view kSeparator = " | ";
/// Percent; from here on a person sees and hears it.
constexpr double kMuchLoss = 5;

/// The parts from left to right.
enum Part : std::size_t { State, Progress, Room, Role, User, Users, Rate, Loss, Trip, Recording, PartCount };

/// What gives way, in this order, a step at a time: the part goes to its next shorter form.
constexpr Part kGiveWay[] = { User, Trip, Recording, Users, Rate, Recording, Loss,  Users,
			      Room, Role, Rate,	     Room,  Room, Recording, State, Recording };

/// A part in its forms, longest first; the last one is always "".
struct Forms {
	std::vector<std::string> texts;
	std::string_view style;
	std::size_t now = 0;
	const std::string &text() const { return texts[now]; }
};

/// 950 → "950k", 1234 → "1.2M", 12345 → "12M".
std::string rate(double kbps)
{
	if (kbps < 0)
		kbps = 0;
	if (kbps < 999.5)
		return fmt::format("{:.0f}k", kbps);
	return kbps < 9950 ? fmt::format("{:.1f}M", kbps / 1000) : fmt::format("{:.0f}M", kbps / 1000);
}

std::string bytes(std::uint64_t count)
{
	const auto value = static_cast<double>(count);
	if (value < 999'500)
		return fmt::format("{:.0f} kB", value / 1e3);
	if (value < 999.5e6)
		return value < 9.95e6 ? fmt::format("{:.1f} MB", value / 1e6) : fmt::format("{:.0f} MB", value / 1e6);
	return fmt::format("{:.1f} GB", value / 1e9);
}

std::string clockTime(std::chrono::milliseconds time)
{
	const auto seconds = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(time).count());
	if (seconds < 3600)
		return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
	return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string shortened(const std::string &text, int columns)
{
	return columnsOf(text) <= columns ? text : cut(text, columns - 1) + "~";
}

std::vector<std::string> rateForms(const StatusFigures &figures)
{
	const auto form = [&](std::string_view up, std::string_view down) {
		std::string out;
		if (figures.upKbps)
			out += fmt::format("{}{}", up, rate(*figures.upKbps));
		if (figures.downKbps)
			out += fmt::format("{}{}{}", out.empty() ? "" : " ", down, rate(*figures.downKbps));
		return out;
	};
	return { form("up ", "down "), form("u", "d"), "" };
}

std::string lossForm(const StatusFigures &figures)
{
	if (!figures.lossPercent)
		return {};
	// Tenths only where they tell something.
	const double loss = *figures.lossPercent;
	return loss < 9.95 ? fmt::format("loss {:.1f}%", loss) : fmt::format("loss {:.0f}%", loss);
}

std::vector<std::string> recordingForms(const StatusFigures &figures)
{
	if (!figures.recordingTime)
		return { "" };
	const auto time = "REC " + clockTime(*figures.recordingTime);
	const auto size = fmt::format("{} {}", time, bytes(figures.recordingBytes));
	return { figures.recordings > 1 ? fmt::format("{} in {} files", size, figures.recordings) : size, size, time,
		 "REC", "" };
}

std::vector<std::string> usersForms(const StatusFigures &figures)
{
	if (!figures.users)
		return { "" };
	return { fmt::format("{} other{}", *figures.users, *figures.users == 1 ? "" : "s"),
		 fmt::format("{}", *figures.users), "" };
}

} // namespace

std::string statusLine(const StatusFigures &figures, int columns, bool colours)
{
	const auto room = [&](std::string_view label, int most) {
		return figures.room.empty() ? std::string() : fmt::format("{}{}", label, shortened(figures.room, most));
	};
	std::array<Forms, PartCount> parts {
		Forms { { figures.state, "" },
			figures.tone == StatusFigures::Tone::Good   ? kGreen
			: figures.tone == StatusFigures::Tone::Busy ? kYellow
								    : kRed },
		Forms { { figures.progress, "" }, kYellow },
		Forms { { room("room ", 64), room("room ", 16), room("", 12), "" }, kBold },
		Forms { { figures.role, "" }, "" },
		Forms { { figures.userId, "" }, "" },
		Forms { usersForms(figures), "" },
		Forms { rateForms(figures), "" },
		Forms { { lossForm(figures), "" }, figures.lossPercent.value_or(0) >= kMuchLoss ? kRed : "" },
		Forms { { figures.rttMs ? fmt::format("{:.0f} ms", *figures.rttMs) : "", "" }, "" },
		Forms { recordingForms(figures), kRed },
	};
	const auto width = [&] {
		int sum = 0;
		for (const auto &part : parts)
			if (const int own = columnsOf(part.text()))
				sum += own + (sum ? static_cast<int>(kSeparator.size()) : 0);
		return sum;
	};
	for (const auto part : kGiveWay) {
		if (width() <= columns)
			break;
		if (parts[part].now + 1 < parts[part].texts.size())
			++parts[part].now;
	}
	std::string out;
	for (const auto &part : parts) {
		if (part.text().empty())
			continue;
		if (!out.empty())
			out += colours ? fmt::format("{}{}{}", kDim, kSeparator, kReset) : std::string(kSeparator);
		if (colours && !part.style.empty())
			out += fmt::format("{}{}{}", part.style, part.text(), kReset);
		else
			out += part.text();
	}
	return cut(out, columns);
}

} // namespace trtc::terminal
