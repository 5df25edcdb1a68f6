// SPDX-License-Identifier: MIT
#include "webrtc/remote_report.h"

#include "glib/pointer.h"

#include <memory>

namespace trtc::webrtc {

namespace {

// rtpbin still speaks in GValueArray.
G_GNUC_BEGIN_IGNORE_DEPRECATIONS
struct ValueArrayFree {
	void operator()(GValueArray *array) const noexcept { g_value_array_free(array); }
};
const GstStructure *at(const GValueArray *array, guint index)
{
	const auto *value = g_value_array_get_nth(const_cast<GValueArray *>(array), index);
	return value && GST_VALUE_HOLDS_STRUCTURE(value) ? gst_value_get_structure(value) : nullptr;
}
std::unique_ptr<GValueArray, ValueArrayFree> sourcesOf(const GstStructure *stats)
{
	const auto *value = gst_structure_get_value(stats, "source-stats");
	if (!value || !G_VALUE_HOLDS(value, g_value_array_get_type()))
		return nullptr;
	return std::unique_ptr<GValueArray, ValueArrayFree>(static_cast<GValueArray *>(g_value_dup_boxed(value)));
}
G_GNUC_END_IGNORE_DEPRECATIONS

} // namespace

glib::ObjectPtr<GObject> rtpSession(GstElement *rtpbin)
{
	GObject *raw = nullptr;
	g_signal_emit_by_name(rtpbin, "get-internal-session", 0U, &raw);
	return glib::ObjectPtr<GObject>::adopt(raw);
}

std::optional<RemoteReport> remoteReport(GstElement *rtpbin)
{
	const auto session = rtpSession(rtpbin);
	if (!session)
		return {};
	GstStructure *stats = nullptr;
	g_object_get(session.get(), "stats", &stats, nullptr);
	if (!stats)
		return {};
	const auto sources = sourcesOf(stats);
	std::optional<RemoteReport> report;
	for (guint i = 0; sources && i < sources->n_values && !report; ++i) {
		const auto *source = at(sources.get(), i);
		gboolean internal = FALSE, have = FALSE;
		guint roundTrip = 0, lost = 0;
		if (!source || !gst_structure_get_boolean(source, "internal", &internal) || internal ||
		    !gst_structure_get_boolean(source, "have-rb", &have) || !have ||
		    !gst_structure_get_uint(source, "rb-round-trip", &roundTrip) ||
		    !gst_structure_get_uint(source, "rb-fractionlost", &lost) || roundTrip == 0)
			continue;
		// RFC 3550 6.4.1: in 1/65536 seconds, and in 1/256 of the packets.
		report = { std::chrono::microseconds(std::uint64_t { roundTrip } * 1'000'000 / 65536), lost / 256.0 };
	}
	gst_structure_free(stats);
	return report;
}

} // namespace trtc::webrtc
