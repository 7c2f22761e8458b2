// What LibTorch throws becomes an error that says what happened.

#include "engine/guard.h"

#include <ATen/ATen.h>
#include <QTest>

using namespace facet;

class GuardTest final : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatDoesNotFitIntoMemoryIsCalledThat()
    {
        const core::Result<at::Tensor> tensor = engine::guarded([] { return at::empty({int64_t{1} << 50}); });
        QVERIFY(!tensor);
        QVERIFY(tensor.error().code == core::ErrorCode::OutOfMemory);
        QVERIFY(engine::guarded([]() -> int { throw std::bad_alloc(); }).error().code ==
                core::ErrorCode::OutOfMemory);
    }

    void anotherFailureIsInternal()
    {
        const core::Result<at::Tensor> tensor = engine::guarded([] { return at::ones({2}) + at::ones({3}); });
        QVERIFY(!tensor);
        QVERIFY(tensor.error().code == core::ErrorCode::Internal);
        QVERIFY(!tensor.error().message.empty());
    }
};

QTEST_GUILESS_MAIN(GuardTest)
#include "guard_test.moc"
