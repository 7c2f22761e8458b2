// tokenizer.json and tokenizer.model: whatever the bytes are, reading ends in a vocabulary that survives the
// way to a SentencePiece model and back, or in a sentence.

#include "core/tokenizer/model_proto.h"
#include "core/tokenizer/tokenizer_json.h"
#include "tests/fuzz/fuzz.h"

#include <string_view>

using namespace facet;

namespace {

void check(const core::Result<core::Vocabulary>& vocabulary)
{
    if (!vocabulary) {
        fuzz::require(vocabulary.error().message.size() > 10, "an error says what is wrong");
        return;
    }
    const auto again = core::decodeModelProto(core::encodeModelProto(*vocabulary));
    fuzz::require(static_cast<bool>(again), "what is written can be read");
    fuzz::require(again->pieces.size() == vocabulary->pieces.size(), "all pieces are there");
    fuzz::require(again->added.size() == vocabulary->added.size(), "all added ones are there");
    for (size_t i = 0; i < again->pieces.size(); ++i)
        fuzz::require(again->pieces[i].text == vocabulary->pieces[i].text &&
                          again->pieces[i].type == vocabulary->pieces[i].type,
                      "each piece is the same");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check(core::readTokenizerJson(bytes));
    check(core::decodeModelProto(bytes));
    return 0;
}
