// SPDX-License-Identifier: MIT
#include "cli/control/service_manager.h"

// Of a build without libsystemd: nobody is told anything.
namespace trtc::cli {

ServiceManager::ServiceManager(MainLoop &) {}

void ServiceManager::ready(const std::string &) { ready_ = true; }

void ServiceManager::status(const std::string &) {}

void ServiceManager::stopping() { stopping_ = true; }

} // namespace trtc::cli
