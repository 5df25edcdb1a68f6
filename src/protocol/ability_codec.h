// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/ability.h"
#include "json/reader.h"
#include "json/writer.h"

/// The JSON of abilities, for the codec. What ends up in a description is checked here, so that nothing can break its lines.
namespace trtc::protocol {

/// Of a name that the protocol chooses from a short list: a codec, a stream type.
constexpr std::size_t kMaxWordBytes = 64;

/// Throws Exception(InvalidParameter) that names the field.
Ability readAbility(const json::Value &value);
/// The members of an ability, as an object.
void writeAbility(json::Writer &out, const Ability &ability);

} // namespace trtc::protocol
