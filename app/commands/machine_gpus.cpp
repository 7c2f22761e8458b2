#include "app/commands/machine_gpus.h"

#include "engine/device.h"

namespace facet::app {

MachineGpus gpusOfThisMachine()
{
    MachineGpus gpus;
    for (const engine::DeviceInfo& device : engine::listDevices()) {
        if (!device.id.starts_with("cuda") || !device.problem.empty())
            continue;
        if (gpus.count++ == 0)
            gpus.first = {device.name, static_cast<double>(device.memoryBytes), 0};
    }
    return gpus;
}

}  // namespace facet::app
