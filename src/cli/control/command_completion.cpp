// SPDX-License-Identifier: MIT
#include "cli/control/command_completion.h"

#include "cli/text.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace trtc::cli {

namespace {

/// More names than anybody reads.
constexpr std::size_t kMaxNames = 1000;

/// The words a source can begin with.
constexpr std::string_view kSources[] = { "alsa", "file:", "none", "pipeline:", "screen", "test", "v4l2" };

/// The place of the usage that the argument number @p index (from 0) fills; the last one may repeat. "" for none.
std::string placeOf(std::string_view usage, std::size_t index)
{
	const auto places = split(usage, ' ');
	if (usage.empty())
		return {};
	bool repeats = false;
	for (std::size_t i = 0; i < places.size(); ++i) {
		std::string place = places[i];
		if (place.ends_with("...")) {
			place.resize(place.size() - 3);
			repeats = true;
		}
		std::erase_if(place, [](char c) { return c == '[' || c == ']'; });
		if (i == index || (repeats && i + 1 == places.size()))
			return place;
	}
	return {};
}

/// Names below the folder that @p word begins with, each with that folder in front.
std::vector<std::string> paths(std::string_view word, bool foldersOnly, const CompletionWorld &world)
{
	const auto slash = word.rfind('/');
	const std::string folder(slash == std::string_view::npos ? "" : word.substr(0, slash + 1));
	std::vector<std::string> found;
	for (const auto &name : world.files(folder))
		// A blank would end the argument.
		if ((!foldersOnly || name.ends_with('/')) && name.find(' ') == std::string::npos)
			found.push_back(folder + name);
	return found;
}

std::vector<std::string> wordsFor(std::string_view place, std::string_view word, const CompletionWorld &world)
{
	if (place == "FILE")
		return paths(word, false, world);
	if (place == "DIR")
		return paths(word, true, world);
	if (place == "DURATION")
		return { "5s", "30s", "1m", "10m" };
	if (place == "SOURCE") {
		if (constexpr std::string_view kFile = "file:"; word.starts_with(kFile)) {
			auto found = paths(word.substr(kFile.size()), false, world);
			for (auto &path : found)
				path.insert(0, kFile);
			return found;
		}
		return { std::begin(kSources), std::end(kSources) };
	}
	std::vector<std::string> words;
	for (auto &each : split(place, '|')) {
		if (std::none_of(each.begin(), each.end(), [](unsigned char c) { return std::isupper(c); }))
			words.push_back(std::move(each));
		else
			for (auto &name : world.names(each))
				words.push_back(std::move(name));
	}
	return words;
}

} // namespace

terminal::Completion completeCommand(std::string_view beforeCursor, std::span<const CommandShape> shapes,
				     const CompletionWorld &world)
{
	terminal::Completion result;
	const auto blank = beforeCursor.find_last_of(' ');
	result.start = blank == std::string_view::npos ? 0 : blank + 1;
	const auto word = beforeCursor.substr(result.start);
	const auto words = splitCommand(beforeCursor.substr(0, result.start)).words;
	if (words.empty() && word.starts_with('@'))
		return result;
	std::size_t longest = 0; // of the completely typed command names
	for (const auto &command : shapes) {
		const auto name = split(command.name, ' ');
		const auto said = std::min(words.size(), name.size());
		if (!std::equal(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(said), words.begin()))
			continue;
		if (words.size() < name.size()) {
			result.candidates.push_back(name[words.size()]);
			continue;
		}
		// "snapshot --every" also begins with "snapshot": drop the candidates of the shorter name.
		if (name.size() > longest)
			result.candidates.clear();
		longest = std::max(longest, name.size());
		if (const auto index = words.size() - name.size(); name.size() == longest && index < command.maxArgs)
			for (auto &each : wordsFor(placeOf(command.usage, index), word, world))
				result.candidates.push_back(std::move(each));
	}
	const auto arguments = words.begin() + static_cast<std::ptrdiff_t>(std::min(longest, words.size()));
	std::erase_if(result.candidates, [&](const std::string &each) {
		return !each.starts_with(word) || each.empty() ||
		       // What was said already need not be said again.
		       std::find(arguments, words.end(), each) != words.end();
	});
	std::sort(result.candidates.begin(), result.candidates.end());
	result.candidates.erase(std::unique(result.candidates.begin(), result.candidates.end()),
				result.candidates.end());
	return result;
}

std::vector<std::string> namesInFolder(const std::string &folder)
{
	std::vector<std::string> names;
	std::error_code error;
	std::filesystem::directory_iterator entry(folder.empty() ? "." : folder, error);
	for (; !error && entry != std::filesystem::directory_iterator() && names.size() < kMaxNames;
	     entry.increment(error)) {
		auto name = entry->path().filename().string();
		std::error_code ignored;
		if (!name.starts_with('.'))
			names.push_back(entry->is_directory(ignored) ? name + '/' : name);
	}
	std::sort(names.begin(), names.end());
	return names;
}

} // namespace trtc::cli
