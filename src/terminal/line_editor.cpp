// SPDX-License-Identifier: MIT
#include "terminal/line_editor.h"

#include "base/utf8.h"
#include "terminal/text.h"

#include <fcntl.h>
#include <glib.h>
#include <histedit.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <optional>

namespace trtc::terminal {

namespace {

constexpr char kEscape = '\x1b';
/// Longest key sequence; what is longer is no key.
constexpr std::size_t kMaxKey = 16;

struct CloseFile {
	void operator()(std::FILE *file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;
struct EndEditing {
	void operator()(EditLine *editor) const noexcept { ::el_end(editor); }
};
struct EndHistory {
	void operator()(HistoryW *history) const noexcept { ::history_wend(history); }
};

class Descriptor {
public:
	explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
	~Descriptor()
	{
		if (fd_ >= 0)
			::close(fd_);
	}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;
	int get() const noexcept { return fd_; }

private:
	int fd_;
};

std::wstring wide(std::string_view text)
{
	std::wstring out;
	while (!text.empty()) {
		const auto character = utf8::first(text);
		out += static_cast<wchar_t>(character.value);
		text.remove_prefix(character.bytes);
	}
	return out;
}

std::string narrow(const wchar_t *from, const wchar_t *to)
{
	std::string out;
	for (; from < to; ++from) {
		char bytes[6];
		out.append(bytes, static_cast<std::size_t>(g_unichar_to_utf8(static_cast<gunichar>(*from), bytes)));
	}
	return out;
}

/// Length of the first key of @p bytes; 0: more must come.
std::size_t keyLength(std::string_view bytes) noexcept
{
	const auto first = static_cast<unsigned char>(bytes[0]);
	if (first >= 0xc2 && first < 0xf5) {
		const std::size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
		for (std::size_t i = 1; i < std::min(length, bytes.size()); ++i)
			if ((static_cast<unsigned char>(bytes[i]) & 0xc0) != 0x80)
				return 1;
		return bytes.size() < length ? 0 : length;
	}
	if (bytes[0] != kEscape)
		return 1;
	if (bytes.size() < 2)
		return 0;
	if (bytes[1] == 'O')
		return bytes.size() < 3 ? 0 : 3;
	if (bytes[1] != '[')
		return 2;
	for (std::size_t i = 2; i < bytes.size(); ++i)
		if (bytes[i] < 0x20 || bytes[i] > 0x3f || i >= kMaxKey)
			return i + 1;
	return 0;
}

struct Binding {
	const wchar_t *key, *function;
};
// Added to libedit's Emacs keys. Those that would wait for further keys (search, quote, extended commands) are not among ours.
constexpr Binding kBindings[] = {
	{ L"^D", L"ed-delete-next-char" },
	{ L"^R", L"ed-search-prev-history" },
	{ L"^V", L"ed-ignore" },
	{ L"^X", L"ed-ignore" },
	{ L"\x1b"
	  L"x",
	  L"ed-ignore" },
	{ L"\x1b"
	  L"X",
	  L"ed-ignore" },
	{ L"\x1b[A", L"ed-search-prev-history" },
	{ L"\x1bOA", L"ed-search-prev-history" },
	{ L"\x1b[B", L"ed-search-next-history" },
	{ L"\x1bOB", L"ed-search-next-history" },
	{ L"\x1b[C", L"ed-next-char" },
	{ L"\x1bOC", L"ed-next-char" },
	{ L"\x1b[D", L"ed-prev-char" },
	{ L"\x1bOD", L"ed-prev-char" },
	{ L"\x1b[H", L"ed-move-to-beg" },
	{ L"\x1bOH", L"ed-move-to-beg" },
	{ L"\x1b[1~", L"ed-move-to-beg" },
	{ L"\x1b[F", L"ed-move-to-end" },
	{ L"\x1bOF", L"ed-move-to-end" },
	{ L"\x1b[4~", L"ed-move-to-end" },
	{ L"\x1b[3~", L"ed-delete-next-char" },
	{ L"\x1b[1;5C", L"em-next-word" },
	{ L"\x1b[1;5D", L"ed-prev-word" },
	{ L"\x1b[1;3C", L"em-next-word" },
	{ L"\x1b[1;3D", L"ed-prev-word" },
};

bool bound(std::string_view key)
{
	const auto text = wide(key);
	return std::any_of(std::begin(kBindings), std::end(kBindings),
			   [&](const Binding &each) { return text == each.key; });
}

} // namespace

struct LineEditor::Impl {
	Handlers handlers;
	Descriptor master, terminal;
	File nothing;
	std::unique_ptr<HistoryW, EndHistory> history;
	std::unique_ptr<EditLine, EndEditing> editor; // before what it uses
	std::string pending;			      // the beginning of a key
	std::deque<wchar_t> keys;		      // of one key, for libedit to fetch

	Impl(Handlers handlers_, int master_, int terminal_)
		: handlers(std::move(handlers_)), master(master_), terminal(terminal_)
	{
	}

	static int nextKey(EditLine *editor, wchar_t *key) noexcept;
	bool start();
	void key(std::string_view bytes);
	void pass(std::string_view bytes);
	void insert(const std::string &text);
	void freshLine();
	void complete();
	std::string before() const;
	std::size_t length() const
	{
		const auto *line = ::el_wline(editor.get());
		return static_cast<std::size_t>(line->lastchar - line->buffer);
	}
	bool room(std::size_t characters) const { return length() + characters <= kMaxTyped; }
};

/// An end of file for libedit when the key is used up: whatever function asks for more gives up.
int LineEditor::Impl::nextKey(EditLine *editor, wchar_t *key) noexcept
{
	void *self = nullptr;
	::el_wget(editor, EL_CLIENTDATA, &self);
	auto &keys = static_cast<Impl *>(self)->keys;
	if (keys.empty())
		return 0;
	*key = keys.front();
	keys.pop_front();
	return 1;
}

bool LineEditor::Impl::start()
{
	nothing.reset(std::fopen("/dev/null", "r+e"));
	history.reset(::history_winit());
	if (!nothing || !history)
		return false;
	HistEventW event {};
	::history_w(history.get(), &event, H_SETSIZE, kMaxHistory);
	::history_w(history.get(), &event, H_SETUNIQUE, 1);
	editor.reset(::el_init_fd("trtc-cli", nothing.get(), nothing.get(), nothing.get(), terminal.get(),
				  terminal.get(), terminal.get()));
	if (!editor)
		return false;
	auto *el = editor.get();
	::el_wset(el, EL_CLIENTDATA, static_cast<void *>(this));
	::el_wset(el, EL_GETCFN, &nextKey);
	::el_wset(el, EL_EDITOR, L"emacs");
	::el_wset(el, EL_HIST, &::history_w, history.get());
	for (const auto &binding : kBindings)
		::el_wset(el, EL_BIND, binding.key, binding.function, static_cast<wchar_t *>(nullptr));
	::el_wset(el, EL_UNBUFFERED, 1);
	return true;
}

void LineEditor::Impl::freshLine()
{
	// The one way to have libedit begin a line anew without reading it.
	::el_wset(editor.get(), EL_UNBUFFERED, 0);
	::el_wset(editor.get(), EL_UNBUFFERED, 1);
}

void LineEditor::Impl::pass(std::string_view bytes)
{
	const auto characters = wide(bytes);
	keys.assign(characters.begin(), characters.end());
	int count = 0;
	const auto *line = ::el_wgets(editor.get(), &count);
	keys.clear();
	if (!line || count < 1 || line[count - 1] != L'\n')
		return;
	const auto typed = narrow(line, line + count - 1);
	freshLine();
	handlers.line(typed);
}

void LineEditor::Impl::insert(const std::string &text)
{
	const auto characters = wide(text);
	if (room(characters.size()))
		::el_winsertstr(editor.get(), characters.c_str());
}

std::string LineEditor::Impl::before() const
{
	const auto *line = ::el_wline(editor.get());
	return narrow(line->buffer, line->cursor);
}

void LineEditor::Impl::complete()
{
	const auto typed = before();
	const auto completion = handlers.complete(typed);
	const auto &candidates = completion.candidates;
	if (candidates.empty() || completion.start > typed.size())
		return;
	const auto word = typed.substr(completion.start);
	auto common = candidates[0];
	for (const auto &candidate : candidates) {
		const auto differ =
			std::mismatch(common.begin(), common.end(), candidate.begin(), candidate.end()).first;
		common.erase(differ, common.end());
	}
	// Half a character is no text.
	while (!common.empty() && utf8::first(common.substr(common.size() - 1)).value == 0xfffd &&
	       !g_utf8_validate(common.data(), static_cast<gssize>(common.size()), nullptr))
		common.pop_back();
	if (!common.starts_with(word))
		return;
	auto rest = common.substr(word.size());
	if (candidates.size() == 1 && !common.ends_with('/') && !common.ends_with(':'))
		rest += ' ';
	if (!rest.empty())
		insert(rest);
	else
		handlers.candidates(candidates);
}

void LineEditor::Impl::key(std::string_view bytes)
{
	const auto first = static_cast<unsigned char>(bytes[0]);
	if (first == '\t')
		complete();
	else if (first == 0x04 && length() == 0)
		handlers.end();
	else if (first == 0x0c)
		handlers.redraw();
	else if (first == kEscape && bytes.size() > 2 && !bound(bytes))
		return; // libedit would take the end of an unknown key for text
	else if (first >= 0x80) {
		// libedit would look at the locale to know whether this is a character.
		const std::string text(bytes);
		if (clean(text, false) == text)
			insert(text);
	} else if (first != 0 && (first < 0x20 || first == 0x7f || room(1)))
		pass(bytes);
}

std::unique_ptr<LineEditor> LineEditor::make(Handlers handlers)
{
	const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0)
		return nullptr;
	char name[64];
	int terminal = -1;
	if (::grantpt(master) == 0 && ::unlockpt(master) == 0 && ::ptsname_r(master, name, sizeof(name)) == 0)
		terminal = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	auto impl = std::make_unique<Impl>(std::move(handlers), master, terminal);
	if (terminal < 0 || !impl->start())
		return nullptr;
	return std::unique_ptr<LineEditor>(new LineEditor(std::move(impl)));
}

LineEditor::LineEditor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LineEditor::~LineEditor() = default;

void LineEditor::feed(std::string_view bytes)
{
	impl_->pending += bytes;
	while (!impl_->pending.empty()) {
		const auto length = keyLength(impl_->pending);
		if (length == 0)
			break;
		const auto key = impl_->pending.substr(0, length);
		impl_->pending.erase(0, length);
		impl_->key(key);
	}
	impl_->handlers.changed();
}

std::string LineEditor::text() const
{
	const auto *line = ::el_wline(impl_->editor.get());
	return narrow(line->buffer, line->lastchar);
}

std::size_t LineEditor::cursor() const { return impl_->before().size(); }

void LineEditor::remember(const std::string &line)
{
	HistEventW event {};
	::history_w(impl_->history.get(), &event, H_ENTER, wide(line).c_str());
}

} // namespace trtc::terminal
