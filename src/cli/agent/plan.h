// SPDX-License-Identifier: MIT
#pragma once

#include "cli/events/event_printer.h"
#include "cli/options/options.h"

#include <trtc/local_stream.h>

#include <string>
#include <vector>

/// `--dry-run`: what would be done, without doing it.
namespace trtc::cli {

struct Plan {
	std::string command;
	std::string configFile; ///< "": none
	std::vector<SettledOption> options;
	std::vector<TrackPlan> sources;
	std::vector<std::string> recordings; ///< where they would go, with the fields of `--record-name`
};

/// The event `plan`.
EventRecord planRecord(const Plan &plan);
/// The same for people, several lines.
std::string planText(const Plan &plan);

/// What would be published. Looks into files, opens no device. Throws Exception as LocalStream::initialize().
std::vector<TrackPlan> planSources(const JoinConfig &config);

/// Checks what the command would check before it connects or listens, and prints the plan. Makes no file and no
/// connection. Throws Exception as the real thing would.
void printPlan(const JoinConfig &config, std::vector<TrackPlan> sources, EventPrinter &printer);
void printPlan(const ServeConfig &config, EventPrinter &printer);

} // namespace trtc::cli
