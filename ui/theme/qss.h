#pragma once

#include <QString>

namespace facet::ui {

/// The sheet of the application, for the few things that Style cannot reach cheaply.
QString applicationSheet();

}  // namespace facet::ui
