// SPDX-License-Identifier: MIT
#include "cli/options/completion.h"

#include "cli/agent/expectation.h"
#include "cli/agent/stdin_commands.h"
#include "cli/options/option_table.h"
#include "cli/serve/service_commands.h"
#include "cli/text.h"
#include "usersig/usersig.h"

#include <trtc/config.h>
#include <trtc/error.h>

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace trtc::cli {

namespace {

/// What can stand in one place.
struct Values {
	std::vector<std::string> words;
	bool files = false, directories = false;
	bool none() const noexcept { return words.empty() && !files && !directories; }
};

/// The sources this build knows; one that takes a path ends with a colon.
std::vector<std::string> sources(bool sound)
{
	static constexpr std::string_view kAll[] = { "none", "test", "file:", "pipeline:" };
	static constexpr std::string_view kPicture[] = { "v4l2", "screen" };
	static constexpr std::string_view kSound[] = { "alsa" };
	std::vector<std::string> words;
	const auto add = [&](std::span<const std::string_view> names) {
		for (const auto name : names)
			try {
				static_cast<void>(
					SourceSpec::parse(fmt::format("{}{}", name, name.ends_with(':') ? "x" : "")));
				words.emplace_back(name);
			} catch (const Exception &) {
				// Not in this build.
			}
	};
	add(kAll);
	if (sound)
		add(kSound);
	else
		add(kPicture);
	return words;
}

Values valuesOf(const OptionSpec &option)
{
	Values values;
	switch (option.kind) {
	case Kind::Choice:
		values.words = choicesOf(option);
		break;
	case Kind::File:
		values.files = true;
		break;
	case Kind::Directory:
		values.directories = true;
		break;
	case Kind::Source:
		values.words = sources(option.name == "--audio");
		break;
	case Kind::Event:
		for (const auto name : expectableEvents())
			values.words.emplace_back(name);
		break;
	case Kind::Privileges:
		values.words = split(usersig::privilegeNames(usersig::privilege::kAll), ',');
		values.words.insert(values.words.end(), { "send", "receive", "all" });
		break;
	case Kind::User:
		// "all|none|USER,..."
		for (const auto &word : split(option.value, '|'))
			if (std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
				values.words.push_back(word);
		break;
	case Kind::Flag:
	case Kind::Text:
	case Kind::Number:
	case Kind::Duration:
	case Kind::Url:
	case Kind::Address:
	case Kind::Room:
		break;
	}
	return values;
}

/// What one word of a usage such as "USER [audio|video]..." can be.
Values valuesOfArgument(std::string word)
{
	Values values;
	std::erase_if(word, [](char c) { return c == '[' || c == ']' || c == '.'; });
	values.directories = word == "DIR";
	values.files = word == "FILE";
	if (!word.empty() && word.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos)
		values.words = split(word, '|');
	return values;
}

/// What ctl may be told: the commands of an agent, and of a service what an agent has not.
std::vector<CommandShape> allCommands()
{
	auto shapes = shapesOf(commandTable());
	for (const auto &shape : shapesOf(serviceCommandTable()))
		if (std::none_of(shapes.begin(), shapes.end(),
				 [&](const CommandShape &each) { return each.name == shape.name; }))
			shapes.push_back(shape);
	std::sort(shapes.begin(), shapes.end(), [](const auto &a, const auto &b) { return a.name < b.name; });
	return shapes;
}

/// The first words of the commands on stdin, each once, with a help text.
std::vector<std::pair<std::string, std::string>> verbs()
{
	std::vector<std::pair<std::string, std::string>> found;
	for (const auto &command : allCommands()) {
		const auto word = split(command.name, ' ').front();
		if (found.empty() || found.back().first != word)
			found.emplace_back(word, command.help);
	}
	return found;
}

/// What may follow some words of a command on stdin.
struct After {
	std::string words; ///< "mute"
	bool more = false; ///< and at least one word that can be anything
	Values values;
	/// For a shell's case, where @p words are quoted.
	std::string pattern() const { return fmt::format("'{}{}", words, more ? " '*" : "'"); }
};

std::vector<After> afterVerbs()
{
	std::vector<After> found;
	for (const auto &command : allCommands()) {
		if (const auto names = split(command.name, ' '); names.size() == 2) {
			if (found.empty() || found.back().words.find(names[0]) != 0)
				found.push_back({ names[0], false, {} });
			const auto group = std::find_if(found.begin(), found.end(),
							[&](const After &each) { return each.words == names[0]; });
			group->values.words.push_back(names[1]);
		}
		if (command.usage.empty())
			continue;
		const auto arguments = split(command.usage, ' ');
		const std::string name(command.name);
		if (auto first = valuesOfArgument(arguments[0]); !first.none())
			found.push_back({ name, false, std::move(first) });
		if (auto later = valuesOfArgument(arguments.back()); arguments.size() > 1 && !later.none())
			found.push_back({ name, true, std::move(later) });
	}
	return found;
}

/// The first words of all commands, and those that may follow one of them.
std::vector<std::string> wordsAfter(std::string_view prefix)
{
	std::vector<std::string> words;
	for (const auto &command : commandSpecs()) {
		if (!command.name.starts_with(prefix))
			continue;
		auto word = split(command.name.substr(prefix.size()), ' ').front();
		if (std::find(words.begin(), words.end(), word) == words.end())
			words.push_back(std::move(word));
	}
	return words;
}

std::string helpOfWord(const std::string &word)
{
	for (const auto &command : commandSpecs())
		if (command.name == word)
			return std::string(command.help);
	return fmt::format("{}", fmt::join(wordsAfter(word + ' '), ", "));
}

bool isGroup(const std::string &word) { return !wordsAfter(word + ' ').empty(); }

std::vector<std::string> optionNames(const CommandSpec &command)
{
	std::vector<std::string> names;
	for (const auto &option : command.options)
		names.emplace_back(option.name);
	names.emplace_back("--help");
	names.emplace_back("--version");
	return names;
}

std::string positionalWords(const CommandSpec &command)
{
	if (command.name == "help")
		return fmt::format("{}", fmt::join(wordsAfter(""), " "));
	return command.name == "completion" ? fmt::format("{}", fmt::join(split(command.positional, '|'), " ")) : "";
}

std::string shellQuoted(std::string_view text)
{
	std::string out = "'";
	for (const char c : text)
		out += c == '\'' ? std::string("'\\''") : std::string(1, c);
	return out + "'";
}

// ---- bash ---------------------------------------------------------------------------------

constexpr std::string_view kBashHead = R"(# bash completion of trtc-cli, made by: trtc-cli completion bash

_trtc_cli_words()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
	# A word that wants more behind it gets no space.
	if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then
		compopt -o nospace
	fi
}

# Options only where nothing else can stand, or when a - says so.
_trtc_cli_either()
{
	if [[ -z $1 || $current == -* ]]; then
		_trtc_cli_words "$2"
	else
		_trtc_cli_words "$1"
	fi
}

_trtc_cli_files()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
}

# What may stand behind an option. False: the option takes no value.
_trtc_cli_value()
{
	case "$1 $2" in
)";

constexpr std::string_view kBashMiddle = R"(	*) return 1 ;;
	esac
	return 0
}

_trtc_cli()
{
	local current="${COMP_WORDS[COMP_CWORD]}" command="" verb="" option="" word i ended=""
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word="${COMP_WORDS[i]}"
		if [[ -n $option ]]; then
			# bash cuts --option=value and file:path into words of their own
			[[ $word == "=" ]] && continue
			[[ ${COMP_WORDS[i + 1]} == ":" && $((i + 1)) -lt $COMP_CWORD ]] && continue
			[[ $word == ":" ]] && continue
			option=""
		elif [[ -z $ended && $word == --* ]]; then
			option="$word"
			_trtc_cli_takes "$command" "$option" || option=""
		elif [[ -z $ended ]]; then
			case "${command:+$command }$word" in
)";

constexpr std::string_view kBashTail = R"(			*) ended="yes" ;;
			esac
			[[ -n $ended ]] && verb="$word"
		else
			verb="$verb $word"
		fi
	done
	if [[ -n $option ]]; then
		[[ $current == "=" || $current == ":" ]] && current=""
		if [[ ${COMP_WORDS[COMP_CWORD - 1]} == ":" || ${COMP_WORDS[COMP_CWORD]} == ":" ]]; then
			_trtc_cli_files -f
		else
			_trtc_cli_value "$command" "$option"
		fi
		return
	fi
	if [[ $command == ctl && ($current != -* || -n $ended) ]]; then
		_trtc_cli_verb "$verb"
		return
	fi
	case "$command" in
)";

std::string bashValues(const Values &values)
{
	std::string out;
	if (!values.words.empty())
		out += fmt::format("_trtc_cli_words {}", shellQuoted(fmt::format("{}", fmt::join(values.words, " "))));
	if (values.files || values.directories)
		out += fmt::format("{}_trtc_cli_files -{}", out.empty() ? "" : "; ", values.files ? "f" : "d");
	return out.empty() ? ":" : out;
}

std::string bashScript()
{
	std::string out(kBashHead), takes;
	for (const auto &command : commandSpecs())
		for (const auto &option : command.options)
			if (!option.isFlag()) {
				const auto key = shellQuoted(fmt::format("{} {}", command.name, option.name));
				out += fmt::format("\t{}) {} ;;\n", key, bashValues(valuesOf(option)));
				takes += fmt::format("\t{}) return 0 ;;\n", key);
			}
	const auto split = kBashMiddle.find("_trtc_cli()\n");
	out += kBashMiddle.substr(0, split);
	out += fmt::format("_trtc_cli_takes()\n{{\n\tcase \"$1 $2\" in\n{}\t*) return 1 ;;\n\tesac\n}}\n\n", takes);
	out += "_trtc_cli_verb()\n{\n\tcase \"$1\" in\n";
	std::vector<std::string> names;
	for (const auto &verb : verbs())
		names.push_back(verb.first);
	out += fmt::format("\t'') _trtc_cli_words {} ;;\n", shellQuoted(fmt::format("{}", fmt::join(names, " "))));
	for (const auto &after : afterVerbs())
		out += fmt::format("\t{}) {} ;;\n", after.pattern(), bashValues(after.values));
	out += "\tesac\n}\n\n";
	out += kBashMiddle.substr(split);
	for (const auto &word : wordsAfter("")) {
		out += fmt::format("\t\t\t{}) command={} ;;\n", shellQuoted(word), shellQuoted(word));
		for (const auto &second : isGroup(word) ? wordsAfter(word + ' ') : std::vector<std::string> {})
			out += fmt::format("\t\t\t{}) command={} ;;\n", shellQuoted(word + ' ' + second),
					   shellQuoted(word + ' ' + second));
	}
	out += kBashTail;
	const auto either = [&](std::string_view command, const std::string &words, const std::string &options) {
		out += fmt::format("\t{}) _trtc_cli_either {} {} ;;\n", shellQuoted(command), shellQuoted(words),
				   shellQuoted(options));
	};
	either("", fmt::format("{}", fmt::join(wordsAfter(""), " ")), "--help --version");
	for (const auto &word : wordsAfter(""))
		if (isGroup(word))
			either(word, fmt::format("{}", fmt::join(wordsAfter(word + ' '), " ")), "--help --version");
	for (const auto &command : commandSpecs())
		either(command.name, positionalWords(command), fmt::format("{}", fmt::join(optionNames(command), " ")));
	return out + "\tesac\n}\n\ncomplete -F _trtc_cli trtc-cli\n";
}

// ---- zsh ----------------------------------------------------------------------------------

/// For the part of a specification that ends with one of `[]:`.
std::string zshEscaped(std::string_view text)
{
	std::string out;
	for (const char c : text)
		out += c == '[' || c == ']' || c == ':' || c == '\\' ? std::string { '\\', c } : std::string(1, c);
	return out;
}

std::string zshAction(const Values &values)
{
	if (!values.words.empty())
		return fmt::format("({})", fmt::join(values.words, " "));
	return values.files ? "_files" : values.directories ? "_files -/" : " ";
}

constexpr std::string_view kZshHelp = "'(- *)'{-h,--help}'[print the help]' '(- *)'{-V,--version}'[print the version]'";

std::string zshScript()
{
	std::string out = "#compdef trtc-cli\n# zsh completion of trtc-cli, made by: trtc-cli completion zsh\n\n";
	out += "_trtc_cli_sources()\n{\n\tif compset -P 'file:'; then\n\t\t_files\n\telse\n"
	       "\t\tlocal -a plain prefixes\n\t\tplain=(${@:#*:})\n\t\tprefixes=(${(M)@:#*:})\n"
	       "\t\tcompadd -a plain\n\t\tcompadd -S '' -a prefixes\n\tfi\n}\n\n";
	out += "_trtc_cli_verbs()\n{\n\tlocal -a verbs\n\tcase \"${(j: :)words[1,CURRENT-1]}\" "
	       "in\n\t'')\n\t\tverbs=(\n";
	for (const auto &[verb, help] : verbs())
		out += fmt::format("\t\t\t{}\n", shellQuoted(fmt::format("{}:{}", zshEscaped(verb), help)));
	out += "\t\t)\n\t\t_describe command verbs\n\t\t;;\n";
	for (const auto &after : afterVerbs())
		out += fmt::format("\t{}) {} ;;\n", after.pattern(),
				   !after.values.words.empty()
					   ? fmt::format("compadd {}", fmt::join(after.values.words, " "))
				   : after.values.files ? "_files"
							: "_files -/");
	out += "\tesac\n}\n\n_trtc_cli()\n{\n\tlocal curcontext=\"$curcontext\" state line\n\tlocal -a commands\n";
	const auto level = [&](const std::string &prefix, const std::string &tab) {
		out += fmt::format("{}commands=(\n", tab);
		for (const auto &word : wordsAfter(prefix))
			out += fmt::format(
				"{}\t{}\n", tab,
				shellQuoted(fmt::format("{}:{}", zshEscaped(word), helpOfWord(prefix + word))));
		out += fmt::format("{})\n", tab);
		out += fmt::format("{}_arguments -C {} '1: :->command' '*:: :->rest'\n", tab, kZshHelp);
	};
	const auto leaf = [&](const CommandSpec &command, const std::string &tab) {
		out += fmt::format("{}_arguments -s {}", tab, kZshHelp);
		for (const auto &option : command.options) {
			const auto values = valuesOf(option);
			std::string spec = fmt::format("{}{}{}[{}]", option.has(kRepeatable) ? "*" : "", option.name,
						       option.isFlag() ? "" : "=", zshEscaped(option.help));
			if (!option.isFlag()) {
				auto action = zshAction(values);
				if (option.kind == Kind::Source)
					action = fmt::format("_trtc_cli_sources {}", fmt::join(values.words, " "));
				// Nested colons end the specification.
				std::string safe;
				for (const char c : action)
					safe += c == ':' ? std::string("\\:") : std::string(1, c);
				spec += fmt::format("{}:{}:{}", option.implied.empty() ? "" : ":",
						    zshEscaped(option.value), safe);
			}
			out += fmt::format(" \\\n{}\t{}", tab, shellQuoted(spec));
		}
		if (const auto words = positionalWords(command); !words.empty())
			out += fmt::format(" \\\n{}\t'1:name:({})'", tab, words);
		else if (command.takesWords())
			out += fmt::format(" \\\n{}\t'*::command:_trtc_cli_verbs'", tab);
		out += '\n';
	};
	level("", "\t");
	out += "\tcase $state in\n\tcommand) _describe command commands ;;\n\trest)\n\t\tcase $words[1] in\n";
	for (const auto &word : wordsAfter("")) {
		out += fmt::format("\t\t{})\n", word);
		if (isGroup(word)) {
			level(word + ' ', "\t\t\t");
			out += "\t\t\tcase $state in\n\t\t\tcommand) _describe command commands ;;\n"
			       "\t\t\trest)\n\t\t\t\tcase $words[1] in\n";
			for (const auto &command : commandSpecs())
				if (command.name.starts_with(word + ' ')) {
					out += fmt::format("\t\t\t\t{})\n", command.name.substr(word.size() + 1));
					leaf(command, "\t\t\t\t\t");
					out += "\t\t\t\t\t;;\n";
				}
			out += "\t\t\t\tesac\n\t\t\t\t;;\n\t\t\tesac\n";
		} else {
			for (const auto &command : commandSpecs())
				if (command.name == word)
					leaf(command, "\t\t\t");
		}
		out += "\t\t\t;;\n";
	}
	out += "\t\tesac\n\t\t;;\n\tesac\n}\n\n_trtc_cli \"$@\"\n";
	return out;
}

// ---- fish ---------------------------------------------------------------------------------

constexpr std::string_view kFishHead = R"(# fish completion of trtc-cli, made by: trtc-cli completion fish

# Are these the first words behind the program?
function __trtc_cli_is
	set -l words (commandline -opc)
	set -e words[1]
	for word in $argv
		test "$words[1]" = "$word"; or return 1
		set -e words[1]
	end
end

# Are these the only words of the command for ctl so far?
function __trtc_cli_verb
	set -l words (commandline -opc)
	test "$words[2]" = ctl; or return 1
	set -e words[1..2]
	while string match -q -- '--*' "$words[1]"
		string match -q -- '*=*' "$words[1]"; or set -e words[1]
		set -e words[1]
	end
	string match -q -- "$argv" "$words"
end

function __trtc_cli_sources
	set -l token (commandline -ct | string replace -r -- '^--[a-z-]*=' '')
	if string match -q 'file:*' -- $token
		string replace -r '^' file: -- (__fish_complete_path (string replace -r '^file:' '' -- $token))
	else
		printf '%s\n' $argv
	end
end

complete -c trtc-cli -f
)";

std::string fishQuoted(std::string_view text)
{
	std::string out = "'";
	for (const char c : text)
		out += c == '\'' || c == '\\' ? std::string { '\\', c } : std::string(1, c);
	return out + "'";
}

std::string fishScript()
{
	std::string out(kFishHead);
	const auto words = [&](const std::string &condition, const std::string &prefix) {
		for (const auto &word : wordsAfter(prefix))
			out += fmt::format("complete -c trtc-cli -n {} -a {} -d {}\n", fishQuoted(condition), word,
					   fishQuoted(helpOfWord(prefix + word)));
	};
	out += "complete -c trtc-cli -s h -l help -d 'print the help'\n"
	       "complete -c trtc-cli -s V -l version -d 'print the version'\n";
	words("test (count (commandline -opc)) -eq 1", "");
	for (const auto &word : wordsAfter(""))
		if (isGroup(word))
			words(fmt::format("__trtc_cli_is {}; and test (count (commandline -opc)) -eq 2", word),
			      word + ' ');
	for (const auto &command : commandSpecs()) {
		const auto condition = fishQuoted(fmt::format("__trtc_cli_is {}", command.name));
		for (const auto &option : command.options) {
			out += fmt::format("complete -c trtc-cli -n {} -l {} -d {}", condition, option.name.substr(2),
					   fishQuoted(option.help));
			const auto values = valuesOf(option);
			const auto list = fmt::format("{}", fmt::join(values.words, " "));
			if (option.kind == Kind::Source)
				out += fmt::format(" -x -a '(__trtc_cli_sources {})'", list);
			else if (!values.words.empty())
				out += fmt::format(" -x -a {}", fishQuoted(list));
			else if (values.files)
				out += " -r -F";
			else if (values.directories)
				out += " -x -a '(__fish_complete_directories (commandline -ct))'";
			else if (!option.isFlag())
				out += " -x";
			out += '\n';
		}
		if (const auto positional = positionalWords(command); !positional.empty())
			out += fmt::format("complete -c trtc-cli -n {} -a {}\n", condition, fishQuoted(positional));
	}
	for (const auto &[verb, help] : verbs())
		out += fmt::format("complete -c trtc-cli -n __trtc_cli_verb -a {} -d {}\n", verb, fishQuoted(help));
	for (const auto &[words_, more, values] : afterVerbs()) {
		out += fmt::format("complete -c trtc-cli -n {} ",
				   fishQuoted(fmt::format("__trtc_cli_verb {}{}", words_, more ? " '*'" : "")));
		if (!values.words.empty())
			out += fmt::format("-a {}\n", fishQuoted(fmt::format("{}", fmt::join(values.words, " "))));
		else
			out += values.files ? "-F\n" : "-a '(__fish_complete_directories (commandline -ct))'\n";
	}
	return out;
}

} // namespace

std::string completionScript(std::string_view shell)
{
	if (shell == "bash")
		return bashScript();
	if (shell == "zsh")
		return zshScript();
	if (shell == "fish")
		return fishScript();
	throw Exception(ErrorCode::InvalidParameter,
			fmt::format("no completion script for \"{}\": use bash, zsh or fish", printable(shell, 40)));
}

} // namespace trtc::cli
