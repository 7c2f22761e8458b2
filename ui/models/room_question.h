#pragma once

#include <QString>

#include <functional>
#include <string>
#include <vector>

class QWidget;

namespace facet::ui {

class LoadedModels;

/// What is about to start.
struct RoomWish {
    std::vector<std::string>
        devices;        ///< "cuda:0", "cpu", "auto" (which is the first GPU); one of them is used
    QString verb;       ///< on the buttons: "start", "resume"
    QString need = {};  ///< a sentence, such as what a run needs; "" if nobody knows
};

/// Calls `go`, at once unless Chat holds models on these devices: then it asks whether they are to be
/// unloaded, kept, or nothing is to be done, and calls it when they are gone. `loaded` may be null: Chat
/// holds nothing.
void whenThereIsRoom(LoadedModels* loaded, const RoomWish& wish, QWidget* parent, std::function<void()> go);

}  // namespace facet::ui
