// SPDX-License-Identifier: MIT
#include "media/sources/open_ends.h"

#include <fmt/format.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace trtc::media {

namespace {

gst::CapsPtr capsOf(GstPad *pad)
{
	auto caps = gst::CapsPtr::adopt(gst_pad_get_current_caps(pad));
	return caps ? std::move(caps) : gst::CapsPtr::adopt(gst_pad_query_caps(pad, nullptr));
}

enum class Fit { No, Maybe, Yes };

Fit fitOf(const gst::CapsPtr &caps, MediaKind kind)
{
	if (!caps || gst_caps_is_any(caps.get()))
		return Fit::Maybe;
	const auto wanted = gst::CapsPtr::adopt(
		gst_caps_from_string(kind == MediaKind::Video ? "video/x-raw(ANY)" : "audio/x-raw(ANY)"));
	return gst_caps_can_intersect(caps.get(), wanted.get()) ? Fit::Yes : Fit::No;
}

void note(std::string &list, const gst::CapsPtr &caps)
{
	const std::string name = !caps || gst_caps_is_any(caps.get()) ? "media of any kind"
				 : gst_caps_is_empty(caps.get())
					 ? "nothing"
					 : gst_structure_get_name(gst_caps_get_structure(caps.get(), 0));
	list += (list.empty() ? "" : " and ") + name;
}

/// Every element the user wrote, in this order, without the elements inside elements such as decodebin.
void collect(GstBin *bin, std::vector<gst::ElementPtr> &all)
{
	std::vector<gst::ElementPtr> children;
	for (auto *item = bin->children; item; item = item->next)
		children.push_back(gst::ElementPtr::share(GST_ELEMENT(item->data)));
	// The newest is the first in a bin's list.
	for (auto child = children.rbegin(); child != children.rend(); ++child) {
		if (G_OBJECT_TYPE(child->get()) == GST_TYPE_BIN)
			collect(GST_BIN(child->get()), all);
		else
			all.push_back(std::move(*child));
	}
}

bool makesPads(GstElement *element)
{
	for (auto *item = gst_element_class_get_pad_template_list(GST_ELEMENT_GET_CLASS(element)); item;
	     item = item->next) {
		auto *pad = GST_PAD_TEMPLATE(item->data);
		if (GST_PAD_TEMPLATE_DIRECTION(pad) == GST_PAD_SRC &&
		    GST_PAD_TEMPLATE_PRESENCE(pad) == GST_PAD_SOMETIMES)
			return true;
	}
	return false;
}

struct Found {
	std::vector<gst::PadPtr> open;
	std::vector<gst::ElementPtr> makers;
};

Found look(GstBin *chain)
{
	std::vector<gst::ElementPtr> elements;
	collect(chain, elements);
	Found found;
	for (auto &element : elements) {
		for (auto *item = element.get()->srcpads; item; item = item->next)
			if (auto *pad = GST_PAD(item->data); !gst_pad_is_linked(pad))
				found.open.push_back(gst::PadPtr::share(pad));
		if (makesPads(element.get()))
			found.makers.push_back(std::move(element));
	}
	return found;
}

gst::PadPtr choose(const std::vector<gst::PadPtr> &open, MediaKind kind)
{
	for (const auto wanted : { Fit::Yes, Fit::Maybe })
		for (const auto &pad : open)
			if (fitOf(capsOf(pad.get()), kind) == wanted)
				return gst::PadPtr::share(pad.get());
	return {};
}

/// An unlinked stream would stop the others.
void drain(GstPad *pad)
{
	const auto element = gst::ElementPtr::adopt(gst_pad_get_parent_element(pad));
	const auto parent =
		element ? glib::ObjectPtr<GstObject>::adopt(gst_object_get_parent(GST_OBJECT(element.get())))
			: glib::ObjectPtr<GstObject>();
	if (!parent)
		return;
	// Without the queue, a demuxer and a decodebin after it would block each other in one thread.
	auto *queue = gst_element_factory_make("queue", nullptr);
	auto *sink = gst_element_factory_make("fakesink", nullptr);
	g_object_set(sink, "sync", FALSE, "async", FALSE, nullptr);
	gst_bin_add_many(GST_BIN(parent.get()), queue, sink, nullptr);
	gst_element_link(queue, sink);
	gst_element_sync_state_with_parent(sink);
	gst_element_sync_state_with_parent(queue);
	const auto end = gst::PadPtr::adopt(gst_element_get_static_pad(queue, "sink"));
	gst_pad_link(pad, end.get());
}

/// Shared by the streaming threads of one pipeline.
struct Linking {
	MediaKind kind;
	gst::PadPtr tail;
	GstBin *chain;	  // outlives its elements, whose signals own this
	std::mutex mutex; // guards what follows
	bool taken = false;
	std::size_t makers = 0; // elements that may add more pads
	std::string other;
};
using Shared = std::shared_ptr<Linking>;

void onPad(GstElement *, GstPad *pad, gpointer data) noexcept
{
	auto &linking = **static_cast<Shared *>(data);
	// Handlers of the user's own links run first.
	if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC || gst_pad_is_linked(pad))
		return;
	const auto caps = capsOf(pad);
	bool mine = false;
	{
		const std::lock_guard lock(linking.mutex);
		mine = !linking.taken && fitOf(caps, linking.kind) == Fit::Yes;
		if (mine)
			linking.taken = true;
		else
			note(linking.other, caps);
	}
	if (!mine || !gst_pad_link_maybe_ghosting(pad, linking.tail.get()))
		drain(pad);
}

void onNoMorePads(GstElement *, gpointer data) noexcept
{
	auto &linking = **static_cast<Shared *>(data);
	std::string given;
	{
		const std::lock_guard lock(linking.mutex);
		if (linking.makers == 0 || --linking.makers > 0 || linking.taken)
			return;
		given = linking.other.empty() ? "nothing" : linking.other;
	}
	GST_ELEMENT_ERROR(
		linking.chain, STREAM, WRONG_TYPE,
		("its open ends deliver %s: one must deliver %s", given.c_str(), rawMediaName(linking.kind).c_str()),
		(nullptr));
}

void connect(GstElement *element, const char *signal, GCallback handler, const Shared &linking)
{
	g_signal_connect_data(
		element, signal, handler, new Shared(linking),
		[](gpointer data, GClosure *) noexcept { delete static_cast<Shared *>(data); }, GConnectFlags {});
}

} // namespace

std::string rawMediaName(MediaKind kind)
{
	return kind == MediaKind::Video ? "raw video (video/x-raw)" : "raw audio (audio/x-raw)";
}

OpenEnds openEnds(GstBin *chain, MediaKind kind)
{
	const auto found = look(chain);
	OpenEnds ends { choose(found.open, kind), {}, !found.makers.empty() };
	for (const auto &pad : found.open)
		if (pad.get() != ends.fitting.get())
			note(ends.other, capsOf(pad.get()));
	return ends;
}

void linkOpenEnds(GstBin *chain, MediaKind kind, gst::PadPtr tail)
{
	auto found = look(chain);
	auto linking = std::make_shared<Linking>();
	linking->kind = kind;
	linking->tail = std::move(tail);
	linking->chain = chain;
	linking->makers = found.makers.size();
	const auto chosen = choose(found.open, kind);
	linking->taken = chosen && gst_pad_link_maybe_ghosting(chosen.get(), linking->tail.get());
	for (const auto &pad : found.open)
		if (pad.get() != chosen.get())
			drain(pad.get());
	for (const auto &element : found.makers) {
		connect(element.get(), "pad-added", G_CALLBACK(onPad), linking);
		connect(element.get(), "no-more-pads", G_CALLBACK(onNoMorePads), linking);
	}
}

} // namespace trtc::media
