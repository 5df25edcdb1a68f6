// SPDX-License-Identifier: MIT
#include "cli/options/config_file.h"

#include "base/refuse.h"
#include "cli/text.h"

#include <trtc/error.h>

#include <fmt/format.h>
#include <glib.h>

// The whole of toml++ is compiled here and nowhere else. Its assertion that a key follows the '[' of a table does not
// hold ("[=]"), and without NDEBUG ends the program, with it lets the compiler count on what is not so. The check
// behind it refuses such a key with a good message.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <set>

namespace trtc::cli {

namespace {

/// toml++ limits how deep values nest, but not how deep dotted keys do, and frees them recursively.
constexpr std::size_t kMaxDots = 256;

/// What is neither in a string nor in a comment.
struct Bare {
	std::size_t dots = 0;
	/// The first byte beyond ASCII, also in a string where blanks are skipped.
	std::size_t foreignAt = std::string_view::npos;
};
Bare lookAtBare(std::string_view text)
{
	Bare bare;
	constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
	for (std::size_t i = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0; i < text.size(); ++i) {
		const char c = text[i];
		if (c == '.') {
			++bare.dots;
		} else if (static_cast<unsigned char>(c) >= 0x80) {
			bare.foreignAt = std::min(bare.foreignAt, i);
		} else if (c == '#') {
			i = std::min(text.find('\n', i), text.size() - 1);
		} else if (c == '"' || c == '\'') {
			const std::string_view triple = c == '"' ? "\"\"\"" : "'''";
			const bool lines = text.substr(i).starts_with(triple);
			for (i += lines ? 3 : 1; i < text.size(); ++i) {
				if (c == '"' && text[i] == '\\') {
					// Behind such an end of a line blanks are skipped, and looked for in the same way.
					const auto next = lines ? text.find_first_not_of(" \t\r\n", i + 1) : i + 1;
					if (next > i + 1 && next < text.size() &&
					    static_cast<unsigned char>(text[next]) >= 0x80)
						bare.foreignAt = std::min(bare.foreignAt, next);
					++i;
				} else if (lines ? text.substr(i).starts_with(triple) : text[i] == c || text[i] == '\n')
					break;
			}
			i += lines ? 2 : 0;
		}
	}
	return bare;
}

/// "config.toml:2:9"
std::string placeOf(std::string_view text, std::size_t at, const std::string &path)
{
	const auto before = text.substr(0, at);
	return fmt::format("{}:{}:{}", path, 1 + std::count(before.begin(), before.end(), '\n'),
			   before.size() - (before.rfind('\n') + 1) + 1);
}

std::string_view typeName(const toml::node &node)
{
	switch (node.type()) {
	case toml::node_type::table:
		return "a table";
	case toml::node_type::array:
		return "an array";
	case toml::node_type::string:
		return "a string";
	case toml::node_type::integer:
		return "an integer";
	case toml::node_type::floating_point:
		return "a float";
	case toml::node_type::boolean:
		return "a boolean";
	default:
		return "a date or time";
	}
}

std::string wantedType(const OptionSpec &option)
{
	if (option.isFlag())
		return "true or false";
	if (option.kind == Kind::Number)
		return "an integer";
	if (option.kind == Kind::Room || option.kind == Kind::Privileges)
		return "an integer or a string";
	if (option.kind == Kind::Choice)
		return fmt::format("one of the strings \"{}\"", fmt::join(choicesOf(option), "\", \""));
	if (option.has(kRepeatable))
		return fmt::format("an array of strings (\"{}\")", option.value);
	if (!option.implied.empty())
		return fmt::format("true or a string (\"{}\")", option.value);
	return fmt::format("a string (\"{}\")", option.value);
}

/// The value as the command line would have it. No value: of a wrong type. An empty text: nothing is said.
std::optional<std::string> textOf(const toml::node &node, const OptionSpec &option)
{
	if (const auto *text = node.as_string()) {
		const auto &value = text->get();
		const auto choices = choicesOf(option);
		const bool fits =
			!option.isFlag() && option.kind != Kind::Number &&
			(choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end());
		return value.empty() || fits ? std::optional(value) : std::nullopt;
	}
	if (const auto *number = node.as_integer();
	    number && (option.kind == Kind::Number || option.kind == Kind::Room || option.kind == Kind::Privileges))
		return std::to_string(number->get());
	if (const auto *yes = node.as_boolean()) {
		if (option.isFlag())
			return std::string(yes->get() ? "true" : "false");
		if (!option.implied.empty())
			return yes->get() ? std::string(option.implied) : std::string();
	}
	return {};
}

/// Replaces the ~ at the beginning of a path with the home directory, as a shell does.
std::string expandHome(std::string path)
{
	const auto end = path.find('/');
	return path.replace(0, end == std::string::npos ? path.size() : end, g_get_home_dir());
}

class Reader {
public:
	Reader(const std::string &path, const CommandSpec &command, bool &hasSecret)
		: path_(path), command_(command), hasSecret_(hasSecret)
	{
	}

	/// @p prefix: "" or the command's words so far with a blank behind each.
	void table(const toml::table &table, const std::string &prefix, bool mine)
	{
		for (const auto &[key, node] : table) {
			const std::string name(key.str());
			const auto inner = prefix + name;
			const bool isCommand =
				std::any_of(commandSpecs().begin(), commandSpecs().end(), [&](auto &each) {
					return each.name == inner || each.name.starts_with(inner + ' ');
				});
			if (node.is_table() && isCommand)
				// What is deeper wins, so it has to come later than everything around it.
				deeper_.push_back({ node.as_table(), inner + ' ',
						    (std::string(command_.name) + ' ').starts_with(inner + ' ') });
			else
				setting(key, node, prefix, mine);
		}
		while (!deeper_.empty()) {
			const auto next = deeper_.back();
			deeper_.pop_back();
			this->table(*next.table, next.prefix, next.mine);
		}
	}

	Settings settings;

private:
	struct Deeper {
		const toml::table *table;
		std::string prefix;
		bool mine;
	};

	std::string at(const toml::source_position &where) const
	{
		return fmt::format("{}:{}:{}", path_, where.line, where.column);
	}

	void setting(const toml::key &key, const toml::node &node, const std::string &prefix, bool mine)
	{
		const auto option = fmt::format("--{}", key.str());
		const OptionSpec *found = nullptr;
		for (const auto &command : commandSpecs()) {
			const auto *spec =
				(std::string(command.name) + ' ').starts_with(prefix) ? command.find(option) : nullptr;
			if (!spec || spec->has(kNotInFile))
				continue;
			found = spec;
			take(key, node, *spec, mine && &command == &command_, prefix.empty());
		}
		if (!found)
			unknown(key, prefix);
		hasSecret_ = hasSecret_ || found->has(kSecret);
	}

	void take(const toml::key &key, const toml::node &node, const OptionSpec &spec, bool mine, bool top)
	{
		const auto wrong = [&](const toml::node &what) {
			refuse(fmt::format(
				"{}: {} is {}: it must be {}", at(what.source().begin), printable(key.str(), 60),
				what.is_string() && spec.kind == Kind::Choice && !what.as_string()->get().empty()
					? fmt::format("\"{}\"", printable(what.as_string()->get(), 40))
					: std::string(typeName(what)),
				wantedType(spec)));
		};
		Setting out { {}, fmt::format("{}:{}", path_, key.source().begin.line), top };
		const auto add = [&](const toml::node &what) {
			auto text = textOf(what, spec);
			if (!text)
				wrong(what);
			const bool path = spec.kind == Kind::File || spec.kind == Kind::Directory;
			if (path && text->starts_with('~')) {
				if (*text != "~" && !text->starts_with("~/"))
					refuse(fmt::format(
						"{}: {} is \"{}\": ~ is supported only for your own home directory: "
						"write the full path",
						at(what.source().begin), printable(key.str(), 60),
						printable(*text, 120)));
				text = expandHome(*std::move(text));
			}
			if (!text->empty())
				out.texts.push_back(*std::move(text));
		};
		if (const auto *array = node.as_array(); array && spec.has(kRepeatable))
			for (const auto &each : *array)
				add(each);
		else
			add(node);
		if (mine)
			settings.insert_or_assign(std::string(spec.name), std::move(out));
	}

	[[noreturn]] void unknown(const toml::key &key, const std::string &prefix) const
	{
		std::set<std::string> names;
		for (const auto &command : commandSpecs()) {
			if (!(std::string(command.name) + ' ').starts_with(prefix))
				continue;
			names.insert(
				split(command.name.substr(std::min(prefix.size(), command.name.size())), ' ').front());
			for (const auto &option : command.options)
				if (!option.has(kNotInFile))
					names.emplace(option.name.substr(2));
		}
		const std::vector<std::string_view> known(names.begin(), names.end());
		const auto close = nearest(key.str(), known);
		refuse(fmt::format("{}: unknown key \"{}\"{}: {} has no option of that name; see trtc-cli.toml(5)",
				   at(key.source().begin), printable(key.str(), 60),
				   close.empty() ? "" : fmt::format(" (did you mean {}?)", close),
				   prefix.empty() ? "trtc-cli" : trim(prefix)));
	}

	const std::string &path_;
	const CommandSpec &command_;
	bool &hasSecret_;
	std::vector<Deeper> deeper_;
};

} // namespace

Settings parseConfig(std::string_view text, const std::string &path, const CommandSpec &command, bool &hasSecret)
{
	const auto bare = lookAtBare(text);
	if (bare.dots > kMaxDots)
		refuse(fmt::format(
			"configuration file {} has more than {} dots outside of strings: remove the extra dots", path,
			kMaxDots));
	// The behaviour of toml++ is undefined for some characters where a key can be, and for bytes that are not UTF-8.
	const gchar *end = nullptr;
	if (!g_utf8_validate(text.data(), static_cast<gssize>(text.size()), &end))
		refuse(fmt::format("{}: the byte 0x{:02x} is not UTF-8 text: save the file as UTF-8",
				   placeOf(text, static_cast<std::size_t>(end - text.data()), path),
				   static_cast<unsigned char>(*end)));
	if (bare.foreignAt != std::string_view::npos)
		refuse(fmt::format(
			"{}: a character that is not ASCII is outside of a string, or first behind a "
			"backslash that ends a line: keys are written with A-Z a-z 0-9 - and _, and texts in "
			"quotes",
			placeOf(text, bare.foreignAt, path)));
	const auto result = toml::parse(text);
	if (!result) {
		const auto &where = result.error().source().begin;
		refuse(fmt::format("{}:{}:{}: {}", path, where.line, where.column,
				   printable(result.error().description(), 200)));
	}
	Reader reader(path, command, hasSecret);
	reader.table(result.table(), "", true);
	return std::move(reader.settings);
}

} // namespace trtc::cli
