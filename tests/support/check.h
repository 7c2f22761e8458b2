#pragma once

// What Qt Test lacks for our own types.

#include "core/base/result.h"

#include <QTest>

#include <string>

namespace QTest {

/// Lets QCOMPARE show both strings when they differ.
template <>
inline char* toString(const std::string& text)
{
    return toString(text.c_str());
}

}  // namespace QTest

namespace facet::core {

/// Why there is no value, for QVERIFY2(result, reason(result)); that asks for it on success, too.
template <typename T>
const char* reason(const Result<T>& result)
{
    return result ? "" : result.error().message.c_str();
}

}  // namespace facet::core
