#pragma once

#include <QString>

#include <functional>

class QWidget;

namespace facet::ui {

class LoadedModels;

/// What is about to start.
struct RoomWish {
    QString device;     ///< "cuda:0", "cpu", "auto" (which is the first GPU), "": nothing
    QString verb;       ///< on the buttons: "start", "resume"
    QString need = {};  ///< a sentence, such as what a run needs; "" if nobody knows
};

/// Calls `go`, at once unless Chat holds models on that device: then it asks whether they are to be unloaded,
/// kept, or nothing is to be done, and calls it when they are gone. `loaded` may be null: Chat holds nothing.
void whenThereIsRoom(LoadedModels* loaded, const RoomWish& wish, QWidget* parent, std::function<void()> go);

}  // namespace facet::ui
