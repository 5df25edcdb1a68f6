// SPDX-License-Identifier: MIT
#include "net/budget_stream.h"

#include <algorithm>

namespace trtc::net {

namespace {

constexpr const char *kBudgetKey = "trtc-read-budget";
constexpr const char *kBaseKey = "trtc-base-stream";

struct BudgetInput {
	GFilterInputStream parent;
	std::shared_ptr<ReadBudget> *budget;
};
struct BudgetInputClass {
	GFilterInputStreamClass parent;
};

gpointer parentClass = nullptr; // set once by GObject

GInputStream *base(gpointer stream) { return g_filter_input_stream_get_base_stream(G_FILTER_INPUT_STREAM(stream)); }

/// Never reads more than is left; asks before it reads so that nothing is lost on the way.
bool allowed(gpointer stream, gsize &count, GError **error)
{
	const auto left = (*reinterpret_cast<BudgetInput *>(stream)->budget)->left;
	count = std::min<gsize>(count, left);
	if (left > 0)
		return true;
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "message too large");
	return false;
}

gssize spend(gpointer stream, gssize got)
{
	if (got > 0)
		(*reinterpret_cast<BudgetInput *>(stream)->budget)->left -= static_cast<std::size_t>(got);
	return got;
}

gssize readBlocking(GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error) noexcept
{
	if (!allowed(stream, count, error))
		return -1;
	return spend(stream, g_input_stream_read(base(stream), buffer, count, cancellable, error));
}

gssize readNonblocking(GPollableInputStream *stream, void *buffer, gsize count, GError **error) noexcept
{
	if (!allowed(stream, count, error))
		return -1;
	return spend(stream, g_pollable_input_stream_read_nonblocking(G_POLLABLE_INPUT_STREAM(base(stream)), buffer,
								      count, nullptr, error));
}

gboolean canPoll(GPollableInputStream *stream) noexcept
{
	auto *inner = base(stream);
	return G_IS_POLLABLE_INPUT_STREAM(inner) && g_pollable_input_stream_can_poll(G_POLLABLE_INPUT_STREAM(inner));
}

gboolean isReadable(GPollableInputStream *stream) noexcept
{
	return g_pollable_input_stream_is_readable(G_POLLABLE_INPUT_STREAM(base(stream)));
}

GSource *createSource(GPollableInputStream *stream, GCancellable *cancellable) noexcept
{
	auto *inner = g_pollable_input_stream_create_source(G_POLLABLE_INPUT_STREAM(base(stream)), nullptr);
	auto *source = g_pollable_source_new_full(stream, inner, cancellable);
	g_source_unref(inner);
	return source;
}

void finalize(GObject *object) noexcept
{
	delete reinterpret_cast<BudgetInput *>(object)->budget;
	G_OBJECT_CLASS(parentClass)->finalize(object);
}

void initClass(gpointer klass, gpointer) noexcept
{
	parentClass = g_type_class_peek_parent(klass);
	G_OBJECT_CLASS(klass)->finalize = finalize;
	G_INPUT_STREAM_CLASS(klass)->read_fn = readBlocking;
}

void initPollable(gpointer interface, gpointer) noexcept
{
	auto *pollable = static_cast<GPollableInputStreamInterface *>(interface);
	pollable->can_poll = canPoll;
	pollable->is_readable = isReadable;
	pollable->create_source = createSource;
	pollable->read_nonblocking = readNonblocking;
}

GType budgetInputType()
{
	static const GType type = [] {
		GTypeInfo info {};
		info.class_size = sizeof(BudgetInputClass);
		info.class_init = initClass;
		info.instance_size = sizeof(BudgetInput);
		const auto made =
			g_type_register_static(G_TYPE_FILTER_INPUT_STREAM, "TrtcBudgetInput", &info, GTypeFlags {});
		const GInterfaceInfo pollable { initPollable, nullptr, nullptr };
		g_type_add_interface_static(made, G_TYPE_POLLABLE_INPUT_STREAM, &pollable);
		return made;
	}();
	return type;
}

/// One wrapper further in, borrowed; or null.
GIOStream *innerStream(GIOStream *stream)
{
	if (auto *data = g_object_get_data(G_OBJECT(stream), kBaseKey))
		return G_IO_STREAM(data);
	for (const char *name : { "base-iostream", "base-io-stream" }) {
		if (!g_object_class_find_property(G_OBJECT_GET_CLASS(stream), name))
			continue;
		GIOStream *inner = nullptr;
		g_object_get(stream, name, &inner, nullptr);
		if (inner)
			g_object_unref(inner); // its owner keeps it
		return inner;
	}
	return nullptr;
}

} // namespace

glib::ObjectPtr<GIOStream> wrapWithBudget(GIOStream *stream, std::shared_ptr<ReadBudget> budget)
{
	auto *input = static_cast<BudgetInput *>(g_object_new(budgetInputType(), "base-stream",
							      g_io_stream_get_input_stream(stream), "close-base-stream",
							      TRUE, nullptr));
	input->budget = new std::shared_ptr<ReadBudget>(std::move(budget));
	auto *wrapper = g_simple_io_stream_new(G_INPUT_STREAM(input), g_io_stream_get_output_stream(stream));
	g_object_set_data(G_OBJECT(wrapper), kBudgetKey, input->budget);
	g_object_set_data_full(G_OBJECT(wrapper), kBaseKey, g_object_ref(stream), g_object_unref);
	g_object_unref(input);
	return glib::ObjectPtr<GIOStream>::adopt(wrapper);
}

gpointer findStreamData(GIOStream *stream, const char *key)
{
	for (; stream; stream = innerStream(stream))
		if (auto *data = g_object_get_data(G_OBJECT(stream), key))
			return data;
	return nullptr;
}

std::shared_ptr<ReadBudget> findBudget(GIOStream *stream)
{
	const auto *found = static_cast<std::shared_ptr<ReadBudget> *>(findStreamData(stream, kBudgetKey));
	return found ? *found : nullptr;
}

GSocket *findSocket(GIOStream *stream)
{
	for (; stream; stream = innerStream(stream))
		if (G_IS_SOCKET_CONNECTION(stream))
			return g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream));
	return nullptr;
}

} // namespace trtc::net
