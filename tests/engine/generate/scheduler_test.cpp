// Several answers at once, and snapshots: held against transformers' generate() and against cold runs alone.

#include "engine/generate/scheduler.h"
#include "tests/engine/gemma3/golden_model.h"
#include "tests/support/check.h"

#include <QTest>

#include <chrono>
#include <condition_variable>

using namespace facet;
using namespace facet::engine;

using Ids = std::vector<int64_t>;

/// The golden models have no tokenizer; any will do to make text of their ids.
static const core::Tokenizer& tokenizer()
{
    static const core::Tokenizer tokenizer =
        *core::Tokenizer::open(std::filesystem::path(SOURCE_DIR) / "resources/demo-model");
    return tokenizer;
}

/// What a scheduler said about one request, in the order in which it came.
struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::chrono::steady_clock::time_point> pieces;
    std::optional<core::Result<GenerateResult>> end;
    std::chrono::steady_clock::time_point endedAt;

    bool waitFor(const std::function<bool()>& condition)
    {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(60), condition);
    }
    bool waitForPieces(size_t count)
    {
        return waitFor([&] { return pieces.size() >= count || end.has_value(); });
    }
    GenerateResult result()
    {
        return waitFor([&] { return end.has_value(); }) && *end ? **end : GenerateResult{};
    }
};

static Scheduler::Work workOf(GenerateRequest request, const std::shared_ptr<Heard>& heard)
{
    request.sampling.numLogprobs = 2;  // so that each token is a piece, with or without text
    return {std::move(request),
            [heard](const AnswerPiece&) {
                const std::lock_guard lock(heard->mutex);
                heard->pieces.push_back(std::chrono::steady_clock::now());
                heard->changed.notify_all();
            },
            [heard](core::Result<GenerateResult> result) {
                const std::lock_guard lock(heard->mutex);
                heard->end = std::move(result);
                heard->endedAt = std::chrono::steady_clock::now();
                heard->changed.notify_all();
            }};
}

static GenerateRequest requestOf(Ids prompt, int64_t maxTokens, Ids stopIds = {})
{
    GenerateRequest request;
    request.prompt = std::move(prompt);
    request.maxTokens = maxTokens;
    request.stopIds = std::move(stopIds);
    return request;
}

static GenerateResult answerOf(Scheduler& scheduler, const GenerateRequest& request)
{
    const auto heard = std::make_shared<Heard>();
    std::vector<Scheduler::Work> works;
    works.push_back(workOf(request, heard));
    const core::Result<Scheduler::Ticket> ticket = scheduler.submit(std::move(works));
    return ticket ? heard->result() : GenerateResult{};
}

static GenerateResult coldAnswer(const gemma3::Model& model, GenerateRequest request)
{
    request.sampling.numLogprobs = 2;
    const core::Result<GenerateResult> result = generate(model, tokenizer(), request);
    return result ? *result : GenerateResult{};
}

static double largestDifference(const GenerateResult& a, const GenerateResult& b)
{
    double largest = a.logprobs.size() == b.logprobs.size() ? 0 : 1e9;
    for (size_t i = 0; i < std::min(a.logprobs.size(), b.logprobs.size()); ++i)
        largest = std::max(largest, std::abs(a.logprobs[i].logprob - b.logprobs[i].logprob));
    return largest;
}

static Ids joined(std::initializer_list<Ids> parts)
{
    Ids all;
    for (const Ids& part : parts)
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

/// Text ids of the golden models lie from 6 to 255.
static Ids words(size_t count, uint64_t seed)
{
    Ids ids;
    for (uint64_t state = seed; ids.size() < count;) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ids.push_back(6 + int64_t((state >> 33) % 250));
    }
    return ids;
}

class SchedulerTest final : public QObject {
    Q_OBJECT

    const c10::InferenceMode m_noGradients;
    const GoldenModel m_golden = GoldenModel::open("text_generate");
    const gemma3::Model& m_model = m_golden.model;
    const int64_t m_window = m_model.config.text.slidingWindow;

    /// A first turn of more than three windows, and an answer that ended by itself.
    const Ids m_first = joined({{2}, words(size_t(3 * m_window + 7), 1)});

    /// Compares with a cold run; gives how much was taken from a snapshot.
    int64_t cachedOf(Scheduler& scheduler, const GenerateRequest& request)
    {
        const GenerateResult warm = answerOf(scheduler, request);
        const GenerateResult cold = coldAnswer(m_model, request);
        [&] {
            QVERIFY(!cold.ids.empty());
            QCOMPARE(warm.ids, cold.ids);
            QVERIFY2(largestDifference(warm, cold) < 1e-5, "log-probabilities differ");
        }();
        return warm.numCached;
    }

private Q_SLOTS:
    void anAnswerIsThatOfTransformers()
    {
        Scheduler scheduler(m_model, tokenizer(), {}, {});
        const at::Tensor expected = m_golden.value("0.generated_ids");
        const GenerateResult result = answerOf(scheduler, requestOf(m_golden.ids(0), expected.size(0)));
        QCOMPARE(result.ids,
                 Ids(expected.data_ptr<int64_t>(), expected.data_ptr<int64_t>() + expected.size(0)));
        QVERIFY(result.finish == FinishReason::Length);
    }

    void twoAnswersAreWrittenTogether()
    {
        Scheduler scheduler(m_model, tokenizer(), {}, {});
        const GenerateRequest first = requestOf(m_golden.ids(0), 200);
        const GenerateRequest second = requestOf(joined({{2}, words(30, 5)}), 40);
        const auto heardFirst = std::make_shared<Heard>(), heardSecond = std::make_shared<Heard>();
        std::vector<Scheduler::Work> works;
        works.push_back(workOf(first, heardFirst));
        const core::Result<Scheduler::Ticket> firstTicket = scheduler.submit(std::move(works));
        QVERIFY(heardFirst->waitForPieces(1));
        works.clear();
        works.push_back(workOf(second, heardSecond));
        const core::Result<Scheduler::Ticket> secondTicket = scheduler.submit(std::move(works));
        QVERIFY(firstTicket && secondTicket);

        QCOMPARE(heardFirst->result().ids, coldAnswer(m_model, first).ids);
        QCOMPARE(heardSecond->result().ids, coldAnswer(m_model, second).ids);
        QVERIFY(heardSecond->pieces.front() < heardFirst->endedAt);
    }

    void aLongPromptDoesNotStopTheOthers()
    {
        Scheduler::Settings settings;
        settings.chunkBesideOthers = 16;
        Scheduler scheduler(m_model, tokenizer(), settings, {});
        const auto writing = std::make_shared<Heard>(), reading = std::make_shared<Heard>();
        std::vector<Scheduler::Work> works;
        works.push_back(workOf(requestOf(m_golden.ids(0), 300), writing));
        const core::Result<Scheduler::Ticket> first = scheduler.submit(std::move(works));
        QVERIFY(writing->waitForPieces(1));
        works.clear();
        const auto begin = std::chrono::steady_clock::now();
        works.push_back(workOf(requestOf(joined({{2}, words(320, 3)}), 1), reading));
        const core::Result<Scheduler::Ticket> second = scheduler.submit(std::move(works));
        QVERIFY(!reading->result().ids.empty());
        writing->result();
        const auto between = std::ranges::count_if(
            writing->pieces, [&](auto when) { return when > begin && when < reading->pieces.front(); });
        QVERIFY2(between >= 15, std::to_string(between).c_str());  // 321 / 16 steps, one token in each
    }

    void followUpEditAndRegenerateReuseAllBeforeTheChange()
    {
        PrefixCache prefixes(int64_t{1} << 30);
        Scheduler scheduler(m_model, tokenizer(), {}, {&prefixes, nullptr});
        // The answer ends at a stop id, as a turn does.
        const Ids written = coldAnswer(m_model, requestOf(m_first, 40)).ids;
        const Ids stop = {written.at(25)};
        const Ids answer(written.begin(), std::ranges::find(written, stop[0]));
        QVERIFY(!answer.empty());
        const int64_t afterFirst = int64_t(m_first.size() + answer.size());

        QCOMPARE(cachedOf(scheduler, requestOf(m_first, 40, stop)), 0);
        const Ids second = joined({m_first, answer, {7, 8}, words(20, 2)});
        QCOMPARE(cachedOf(scheduler, requestOf(second, 30)), afterFirst);
        const Ids edited = joined({m_first, answer, {9}, words(11, 4)});
        QCOMPARE(cachedOf(scheduler, requestOf(edited, 30)), afterFirst);
        QCOMPARE(cachedOf(scheduler, requestOf(second, 30)), int64_t(second.size()));
        QCOMPARE(cachedOf(scheduler, requestOf(m_first, 40, stop)), int64_t(m_first.size()));
        // A third turn, on the answer that the length ended: its last token was never read.
        const Ids more = coldAnswer(m_model, requestOf(second, 30)).ids;
        const Ids third = joined({second, more, {6}});
        QCOMPARE(cachedOf(scheduler, requestOf(third, 10)), int64_t(second.size() + more.size()) - 1);
    }

    void twoWaysFromOneSnapshotDoNotDisturbEachOther()
    {
        PrefixCache prefixes(int64_t{1} << 30);
        Scheduler scheduler(m_model, tokenizer(), {}, {&prefixes, nullptr});
        answerOf(scheduler, requestOf(m_first, 1));
        std::vector<GenerateRequest> requests;
        std::vector<std::shared_ptr<Heard>> heard;
        std::vector<Scheduler::Work> works;
        for (uint64_t i = 0; i < 4; ++i) {
            requests.push_back(requestOf(joined({m_first, words(3 + i, 100 + i)}), 60));
            heard.push_back(std::make_shared<Heard>());
            works.push_back(workOf(requests.back(), heard.back()));
        }
        const core::Result<Scheduler::Ticket> ticket = scheduler.submit(std::move(works));
        QVERIFY2(ticket, core::reason(ticket));
        for (size_t i = 0; i < requests.size(); ++i) {
            const GenerateResult warm = heard[i]->result();
            QCOMPARE(warm.ids, coldAnswer(m_model, requests[i]).ids);
            QCOMPARE(warm.numCached, int64_t(m_first.size()));
        }
    }

    void shortConversationsAreReusedUpToTheFirstOtherToken()
    {
        // As long as nothing has left the window, a snapshot can be cut back.
        PrefixCache prefixes(int64_t{1} << 30);
        Scheduler scheduler(m_model, tokenizer(), {}, {&prefixes, nullptr});
        const Ids common = joined({{2}, words(9, 1)});
        QCOMPARE(cachedOf(scheduler, requestOf(joined({common, {10, 11}}), 3)), 0);
        QCOMPARE(cachedOf(scheduler, requestOf(joined({common, {12, 11, 13}}), 20)), int64_t(common.size()));
    }

    void snapshotsStayWithinTheirLimit()
    {
        const int64_t limit = 300'000;
        PrefixCache prefixes(limit);
        Scheduler scheduler(m_model, tokenizer(), {}, {&prefixes, nullptr});
        for (uint64_t i = 0; i < 8; ++i) {
            answerOf(scheduler, requestOf(joined({{2}, words(100, i)}), 4));
            QVERIFY(prefixes.bytes() <= limit);
        }
        QVERIFY(prefixes.size() >= 1);
        // The least recently used is gone, the last one is there.
        QCOMPARE(cachedOf(scheduler, requestOf(joined({{2}, words(100, 0)}), 4)), 0);
        QCOMPARE(cachedOf(scheduler, requestOf(joined({{2}, words(100, 0)}), 4)), 101);
    }

    void anotherPictureIsAnotherPrompt()
    {
        const GoldenModel golden = GoldenModel::open("vision_generate");
        const at::Tensor pixel_I3SS = golden.value("0.pixel_values");
        const int64_t numPictures = pixel_I3SS.size(0);
        const auto request = [&](char content, bool mirrored) {
            GenerateRequest made = requestOf(golden.ids(0), 20);
            for (int64_t i = 0; i < numPictures; ++i)
                made.pictures.push_back({mirrored ? pixel_I3SS[i].flip({2}) : pixel_I3SS[i],
                                         std::string(31, content) + std::to_string(i),
                                         {}});
            return made;
        };
        PrefixCache prefixes(int64_t{1} << 30);
        PictureFeatures features(int64_t{1} << 30);
        Scheduler scheduler(golden.model, tokenizer(), {}, {&prefixes, &features});
        const GenerateResult first = answerOf(scheduler, request('a', false));
        const GenerateResult other = answerOf(scheduler, request('b', true));
        QCOMPARE(first.ids, coldAnswer(golden.model, request('a', false)).ids);
        QCOMPARE(other.ids, coldAnswer(golden.model, request('b', true)).ids);
        const Ids ids = golden.ids(0);
        const auto before = std::ranges::find(ids, golden.model.config.imageTokenId) - ids.begin();
        QVERIFY(other.numCached <= before);
        QVERIFY(features.find(request('a', false).pictures[0].key).defined());

        // The same pictures in another conversation: only their features are reused, and those suffice.
        GenerateRequest again = request('a', false);
        again.prompt[0] = 9;
        GenerateRequest cold = again;
        for (Picture& picture : again.pictures)
            picture.pixel_3SS.reset();
        const GenerateResult reused = answerOf(scheduler, again);
        QCOMPARE(reused.numCached, 0);
        QCOMPARE(reused.ids, coldAnswer(golden.model, cold).ids);
    }

    void whoGoesAwayFreesItsSlot()
    {
        Scheduler::Settings settings;
        settings.numSlots = 1;
        Scheduler scheduler(m_model, tokenizer(), settings, {});
        const auto heard = std::make_shared<Heard>(), waiting = std::make_shared<Heard>();
        {
            std::vector<Scheduler::Work> works;
            works.push_back(workOf(requestOf(m_golden.ids(0), 490), heard));
            works.push_back(workOf(requestOf(m_golden.ids(0), 490), waiting));
            const core::Result<Scheduler::Ticket> ticket = scheduler.submit(std::move(works));
            QVERIFY(heard->waitForPieces(1));
            QCOMPARE(scheduler.state().running, 1);
            QCOMPARE(scheduler.state().waiting, 1);
        }
        QVERIFY(heard->result().finish == FinishReason::Cancelled);
        QVERIFY(waiting->result().finish == FinishReason::Cancelled);
        QVERIFY(heard->result().ids.size() < 490);
        QTRY_COMPARE(scheduler.state().running, 0);
    }

    void whatIsTooMuchIsRefused()
    {
        Scheduler::Settings settings;
        settings.numSlots = 1;
        settings.maxWaiting = 1;
        Scheduler scheduler(m_model, tokenizer(), settings, {});
        const auto heard = std::make_shared<Heard>();
        const auto works = [&](size_t count, const Ids& prompt) {
            std::vector<Scheduler::Work> made;
            for (size_t i = 0; i < count; ++i)
                made.push_back(workOf(requestOf(prompt, 100), heard));
            return made;
        };
        QVERIFY(scheduler.submit(works(3, {2})).error().code == core::ErrorCode::Unavailable);
        QVERIFY(scheduler.submit(works(1, {})).error().code == core::ErrorCode::InvalidInput);
        const core::Result<Scheduler::Ticket> tooLong = scheduler.submit(works(1, words(512, 1)));
        QVERIFY(!tooLong);
        QVERIFY(tooLong.error().message.find("512 tokens") != std::string::npos);
        QVERIFY(scheduler.submit(works(2, {2})));
    }

    void whatRunsWhenTheModelGoesIsTold()
    {
        const auto heard = std::make_shared<Heard>();
        Scheduler scheduler(m_model, tokenizer(), {}, {});
        std::vector<Scheduler::Work> works;
        works.push_back(workOf(requestOf(m_golden.ids(0), 490), heard));
        const core::Result<Scheduler::Ticket> ticket = scheduler.submit(std::move(works));
        QVERIFY(heard->waitForPieces(1));
        scheduler.stop();
        QVERIFY(heard->end && !*heard->end && heard->end->error().code == core::ErrorCode::Unavailable);
        QVERIFY(!scheduler.submit({}));
    }
};

QTEST_GUILESS_MAIN(SchedulerTest)
#include "scheduler_test.moc"
