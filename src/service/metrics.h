// SPDX-License-Identifier: MIT
#pragma once

#include "webrtc/packet_faults.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace trtc::service {

/// Prometheus text, format 0.0.4: families in the order of their first mention, each with HELP and TYPE. Reentrant.
class MetricsText {
public:
	/// @p name with its unit: `trtc_media_received_bytes_total`.
	void gauge(std::string_view name, std::string_view help, double value);
	void counter(std::string_view name, std::string_view help, double value);
	/// One sample for each value of @p label, which may hold any text.
	void counters(std::string_view name, std::string_view help, std::string_view label,
		      const std::map<std::string, std::uint64_t> &values);
	const std::string &text() const noexcept { return text_; }

private:
	void head(std::string_view name, std::string_view type, std::string_view help);
	std::string text_;
};

/// Packets that were dropped before they could harm other streams, by reason.
void addPacketFaults(MetricsText &metrics, const webrtc::PacketFaults &faults);
/// The figures every exporter has of its own process, from /proc: process_cpu_seconds_total and their like. What cannot be read is
/// left out.
void addProcessMetrics(MetricsText &metrics);

} // namespace trtc::service
