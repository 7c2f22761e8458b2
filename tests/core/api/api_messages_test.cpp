// What clients and engine tell each other: what is refused names the field, what is written is read again.

#include "core/api/answer.h"
#include "core/api/control.h"
#include "core/api/error.h"
#include "core/api/request.h"
#include "core/base/json.h"
#include "tests/support/check.h"

#include <QTest>

using namespace facet::core;
using namespace facet::core::api;
using nlohmann::json;

static const std::string kChat = R"("model": "m", "messages": [{"role": "user", "content": "Hi"}])";

static json parsed(const std::string& text)
{
    return *parseBody(text);
}

class ApiMessagesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// The field in the error is the one that the row has put a wrong value into.
    void wrongFieldsAreNamed_data()
    {
        QTest::addColumn<std::string>("fields");
        QTest::addColumn<std::string>("param");
        const auto row = [](const char* fields, const char* param) {
            QTest::newRow(fields) << std::string(fields) << std::string(param);
        };
        row(R"("temperature": "hot")", "temperature");
        row(R"("temperature": -0.1)", "temperature");
        row(R"("temperature": 1e300)", "temperature");
        row(R"("top_p": 2)", "top_p");
        row(R"("top_k": 1.5)", "top_k");
        row(R"("min_p": [0.1])", "min_p");
        row(R"("repetition_penalty": 0)", "repetition_penalty");
        row(R"("presence_penalty": true)", "presence_penalty");
        row(R"("frequency_penalty": "1")", "frequency_penalty");
        row(R"("seed": 1.5)", "seed");
        row(R"("seed": 18446744073709551615)", "seed");
        row(R"("max_tokens": 0)", "max_tokens");
        row(R"("max_tokens": 99999999999999999999)", "max_tokens");
        row(R"("max_tokens": 1, "max_completion_tokens": 2)", "max_completion_tokens");
        row(R"("logprobs": 3)", "logprobs");
        row(R"("top_logprobs": 3)", "top_logprobs");
        row(R"("logprobs": true, "top_logprobs": 21)", "top_logprobs");
        row(R"("pan_and_scan": 1)", "pan_and_scan");
        row(R"("stop": 3)", "stop");
        row(R"("stop": ["a", ""])", "stop");
        row(R"("n": 17)", "n");
        row(R"("stream": "yes")", "stream");
        row(R"("stream_options": {"include_usage": true})", "stream_options");
        row(R"("stream": true, "stream_options": 1)", "stream_options");
        row(R"("stream": true, "stream_options": {"include_usage": 1})", "stream_options.include_usage");
        row(R"("tools": [{"type": "function"}])", "tools");
        row(R"("response_format": {"type": "json_object"})", "response_format");
        row(R"("logit_bias": {"1": 2})", "logit_bias");
        row(R"("temprature": 1)", "temprature");
    }

    void wrongFieldsAreNamed()
    {
        QFETCH(const std::string, fields);
        QFETCH(const std::string, param);
        const Result<json> body = parseBody("{" + kChat + ", " + fields + "}");
        QVERIFY2(body, reason(body));
        const Result<ChatRequest> request = chatRequestFromJson(*body);
        QVERIFY(!request);
        const ErrorBody error = fieldError(request.error());
        QCOMPARE(error.param, param);
        QCOMPARE(error.status, 400);
        QCOMPARE(error.type, std::string("invalid_request_error"));
    }

    void wrongMessagesAndPromptsAreNamed()
    {
        const auto paramOfChat = [](const char* text) {
            return fieldError(chatRequestFromJson(parsed(text)).error()).param;
        };
        QCOMPARE(paramOfChat(R"({"messages": []})"), std::string("model"));
        QCOMPARE(paramOfChat(R"({"model": "m"})"), std::string("messages"));
        QCOMPARE(paramOfChat(R"({"model": "m", "messages": {}})"), std::string("messages"));
        QCOMPARE(paramOfChat(
                     R"({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]})"),
                 std::string("messages[0].content[0].image_url.url"));
        const auto paramOfText = [](const char* text) {
            return fieldError(completionRequestFromJson(parsed(text)).error()).param;
        };
        QCOMPARE(paramOfText(R"({"model": "m"})"), std::string("prompt"));
        QCOMPARE(paramOfText(R"({"model": "m", "prompt": []})"), std::string("prompt"));
        QCOMPARE(paramOfText(R"({"model": "m", "prompt": ["a", [1, -1]]})"), std::string("prompt[1]"));
        QCOMPARE(paramOfText(R"({"model": "m", "prompt": "a", "echo": true})"), std::string("echo"));
    }

    void whatAsksForNothingIsTaken()
    {
        const Result<ChatRequest> request = chatRequestFromJson(
            parsed("{" + kChat +
                   R"(, "tools": null, "tool_choice": "none", "logit_bias": {}, "user": "me", "stop": null,
                       "response_format": {"type": "text"}, "metadata": {"a": "b"}, "temperature": null})"));
        QVERIFY2(request, reason(request));
        QVERIFY(!request->options.temperature);
        QCOMPARE(request->options.n, 1);
    }

    void aBodyThatIsNoObjectIsRefused()
    {
        for (const char* body : {"", "{", "[]", "3", R"({"a": 1, "a": 2})", "\"\xff\""})
            QVERIFY2(!parseBody(body), body);
    }

    void aChatRequestIsReadAsItWasWritten()
    {
        ChatRequest request;
        AnswerOptions& options = request.options;
        options = {"m",
                   0.5,
                   0.9,
                   40,
                   0.05,
                   1.1,
                   0.2,
                   0.3,
                   7,
                   100,
                   5,
                   true,
                   std::vector<AdapterUse>{{"tuned", 0.5}},
                   {"END", "\n"},
                   2,
                   true,
                   true};
        request.messages = {{"system", {TextPart{"Be brief."}}},
                            {"user", {ImagePart{"data:image/png;base64,AA=="}, TextPart{"What?"}}}};
        const json written = toJson(request);
        const Result<ChatRequest> read = chatRequestFromJson(written);
        QVERIFY2(read, reason(read));
        QCOMPARE(dumped(toJson(*read)), dumped(written));
        QCOMPARE(read->messages.size(), size_t{2});
        QCOMPARE(std::get<ImagePart>(read->messages[1].content[0]).source,
                 std::string("data:image/png;base64,AA=="));
        QCOMPARE(*read->options.topK, 40);
        QCOMPARE(*read->options.logprobs, 5);
        QCOMPARE(*read->options.panAndScan, true);
        QCOMPARE(read->options.stop.size(), size_t{2});
        QVERIFY(read->options.stream && read->options.includeUsage);
    }

    void otherRequestsAreReadAsTheyWereWritten()
    {
        CompletionRequest completion;
        completion.options.model = "m";
        completion.options.logprobs = 0;
        completion.prompts = {std::string("Once"), std::vector<int64_t>{2, 5, 9}};
        const Result<CompletionRequest> read = completionRequestFromJson(toJson(completion));
        QVERIFY2(read, reason(read));
        QVERIFY(read->prompts == completion.prompts);
        QCOMPARE(*read->options.logprobs, 0);

        const LoadRequest load = {"a/b", true, "cuda:1", "bfloat16", "int4", 4096};
        const Result<LoadRequest> readLoad = loadRequestFromJson(toJson(load));
        QVERIFY2(readLoad, reason(readLoad));
        QCOMPARE(dumped(toJson(*readLoad)), dumped(toJson(load)));
        QVERIFY(!loadRequestFromJson(parsed(R"({"model": "a", "weights": "int2"})")));
        QVERIFY(!loadRequestFromJson(parsed(R"({"model": "a", "dtype": "int8"})")));

        TokenizeRequest tokenize;
        tokenize.model = "m";
        tokenize.prompt = "Hi";
        QVERIFY(tokenizeRequestFromJson(toJson(tokenize)));
        QVERIFY(!tokenizeRequestFromJson(parsed(R"({"model": "m"})")));
    }

    void answersAreReadAsTheyWereWritten()
    {
        Answer answer;
        answer.id = "chatcmpl-1";
        answer.created = 17;
        answer.model = "m";
        answer.choices = {
            {1, "Hel\xF0\x9F\x98\x80", "length",
             std::vector<TokenLogprob>{{{"a", "a", -0.5}, {{"b", "b", -1}, {"c", "\xE2", -2}}}}}};
        answer.usage = Usage{10, 5, 4, 3};
        answer.timings = Timings{0.25, 100, 20};
        for (const bool isChunk : {false, true}) {
            answer.isChunk = isChunk;
            const json written = toJson(answer);
            QCOMPARE(written["object"].get<std::string>(),
                     std::string(isChunk ? "chat.completion.chunk" : "chat.completion"));
            const Result<Answer> read = answerFromJson(written);
            QVERIFY2(read, reason(read));
            QCOMPARE(dumped(toJson(*read)), dumped(written));
            QCOMPARE(read->usage->totalTokens(), 15);
            QCOMPARE(read->choices[0].logprobs->front().top[1].bytes, std::string("\xE2"));
        }
    }

    void openAisOwnChunksAreRead()
    {
        // From OpenAI's API reference, "The chat completion chunk object".
        const Result<Answer> answer = answerFromJson(parsed(
            R"({"id":"chatcmpl-123","object":"chat.completion.chunk","created":1694268190,"model":"gpt-4o-mini",
                "system_fingerprint":"fp_44709d6fcb","choices":[{"index":0,"delta":{"content":"Hello"},
                "logprobs":null,"finish_reason":null}]})"));
        QVERIFY2(answer, reason(answer));
        QCOMPARE(answer->choices.at(0).text, std::string("Hello"));
        QCOMPARE(answer->choices.at(0).finishReason, std::string());
        QVERIFY(answer->isChunk && !answer->usage);
        QVERIFY(answerFromJson(parsed(R"({"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},
            "finish_reason":"stop"}]})")));
        QVERIFY(!answerFromJson(parsed(R"({"choices": 3})")));
        QVERIFY(!answerFromJson(parsed(R"({"choices": [{"index": "x"}]})")));
    }

    void controlMessagesAreReadAsTheyWereWritten()
    {
        const Result<ServerStart> start =
            serverStartFromLine(dumped(toJson(ServerStart{38123, "t", "0.1.0"})));
        QVERIFY2(start, reason(start));
        QCOMPARE(start->port, 38123);
        QVERIFY(!serverStartFromLine("Segmentation fault"));
        QVERIFY(!serverStartFromLine("{}"));

        ModelState model;
        model.id = "demo";
        model.state = ModelState::State::Failed;
        model.progress = 0.5;
        model.error = "no";
        model.mode = "completion";
        model.chatTemplate = "none";
        const Result<std::vector<ModelState>> models = modelsFromJson(modelsToJson({model, {}}));
        QVERIFY2(models, reason(models));
        QCOMPARE(models->size(), size_t{2});
        QCOMPARE(dumped(toJson((*models)[0])), dumped(toJson(model)));
        QVERIFY(!modelsFromJson(parsed(R"({"models": [{"state": "asleep"}]})")));

        const LoadEstimate estimate = {1, 2, 3, 6, 5, false, "less"};
        const Result<LoadEstimate> readEstimate = loadEstimateFromJson(toJson(estimate));
        QVERIFY2(readEstimate, reason(readEstimate));
        QCOMPARE(dumped(toJson(*readEstimate)), dumped(toJson(estimate)));

        const Result<std::vector<Device>> devices =
            devicesFromJson(devicesToJson({{"cuda:0", "H100", 80, "9.0", "580", false, "too old"}}));
        QVERIFY2(devices, reason(devices));
        QCOMPARE((*devices)[0].problem, std::string("too old"));
        QCOMPARE(queueFromJson(toJson(QueueState{1, 2, 8}))->waiting, 2);
        QCOMPARE(cacheFromJson(toJson(CacheState{1, 2, 3}))->limitBytes, 3);
        QCOMPARE(versionFromJson(toJson(VersionInfo{"0.1.0", 1}))->api, 1);
    }

    void errorsAreReadFromWhateverComes()
    {
        const ErrorBody written = makeError(400, "too long", "messages", "context_length_exceeded");
        const ErrorBody read = errorFromText(400, dumped(toJson(written)));
        QCOMPARE(read.message, written.message);
        QCOMPARE(read.param, written.param);
        QCOMPARE(read.code, written.code);
        QCOMPARE(errorFromText(502, "<html>Bad Gateway</html>").message,
                 std::string("<html>Bad Gateway</html>"));
        QVERIFY(!errorFromText(500, "").message.empty());
        QVERIFY(!errorFromText(500, R"({"error": "x"})").message.empty());
        QVERIFY(dumped(json("\xff")).find("\xEF\xBF\xBD") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(ApiMessagesTest)
#include "api_messages_test.moc"
