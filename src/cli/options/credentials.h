// SPDX-License-Identifier: MIT
#pragma once

#include "cli/options/option_values.h"
#include "cli/options/options.h"

#include <string>

/// The options with which an agent signs in. A stronger layer hides what the weaker ones say.
namespace trtc::cli {

/// Exactly one of `--user-sig`, `--user-sig-file` and `--secret-key-file`. Without any, and for a server on this machine,
/// @p serveKeyFile ("": none) is the secret key. Throws Exception(InvalidParameter).
void readCredentials(const OptionValues &values, const std::string &serveKeyFile, JoinConfig &config);

/// At most one of `--private-map-key` and `--private-map-key-file`. Throws Exception(InvalidParameter).
void readTicket(const OptionValues &values, JoinConfig &config);

/// In @p config's options: credentials that do not count are shown as none, with the option that hides them; and where
/// the key of `serve` comes from.
void tellCredentials(JoinConfig &config);

} // namespace trtc::cli
