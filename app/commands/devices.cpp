#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "engine/device.h"

#include <iostream>

namespace facet::app {

void addDevices(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "devices", "Lists what a model can run on; of a GPU that cannot be used it says why.");
    const auto json = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "One line of JSON");
    command->callback([json, &status] {
        nlohmann::ordered_json list = nlohmann::ordered_json::array();
        for (const engine::DeviceInfo& device : engine::listDevices()) {
            if (*json) {
                list.push_back({{"id", device.id},
                                {"name", device.name},
                                {"memory_bytes", device.memoryBytes},
                                {"capability", device.capability},
                                {"driver", device.driver},
                                {"usable", device.problem.empty()},
                                {"problem", device.problem}});
                continue;
            }
            std::cout << device.id << "  " << device.name;
            if (device.memoryBytes > 0)
                std::cout << ", " << inBytes(double(device.memoryBytes));
            if (!device.capability.empty())
                std::cout << ", compute capability " << device.capability << ", driver " << device.driver;
            std::cout << (device.problem.empty() ? "" : "; cannot be used: " + device.problem) << '\n';
        }
        if (*json)
            printJson({{"devices", list}});
        status = 0;
    });
}

}  // namespace facet::app
