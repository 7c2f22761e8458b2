#include "app/commands/commands.h"
#include "app/commands/common.h"
#include "core/tokenizer/tokenizer.h"

#include <charconv>
#include <iostream>
#include <sstream>

namespace facet::app {
namespace {

struct Options {
    std::string model;
    bool bos = false;
    bool decode = false;
    bool json = false;
};

core::Result<std::vector<int64_t>> parseIds(const std::string& line, int64_t vocabSize)
{
    std::vector<int64_t> ids;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
        int64_t id = 0;
        const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), id);
        if (problem != std::errc() || end != word.data() + word.size() || id < 0 || id >= vocabSize)
            return core::Error{
                core::ErrorCode::InvalidInput,
                "\"" + word + "\" is no token id: they go from 0 to " + std::to_string(vocabSize - 1)};
        ids.push_back(id);
    }
    return ids;
}

void printIds(const std::vector<int64_t>& ids, bool json)
{
    if (json) {
        printJson({{"ids", ids}});
        return;
    }
    for (size_t i = 0; i < ids.size(); ++i)
        std::cout << (i == 0 ? "" : " ") << ids[i];
    std::cout << '\n';
}

int tokenize(const Options& options)
{
    const core::Result<core::ResolvedModel> where = findModel(options.model);
    if (!where)
        return failed(where.error());
    const core::Result<core::Tokenizer> tokenizer = core::Tokenizer::open(where->path);
    if (!tokenizer)
        return failed(tokenizer.error());

    for (std::string line; std::getline(std::cin, line);) {
        if (!options.decode) {
            std::vector<int64_t> ids = tokenizer->encode(line);
            if (options.bos)
                ids.insert(ids.begin(), tokenizer->idOf("<bos>").value_or(2));
            printIds(ids, options.json);
            continue;
        }
        const core::Result<std::vector<int64_t>> ids = parseIds(line, tokenizer->vocabSize());
        if (!ids)
            return failed(ids.error());
        const std::string text = tokenizer->decode(*ids, /*skipControlPieces=*/false);
        if (options.json)
            printJson({{"text", text}});
        else
            std::cout << text << '\n';
    }
    std::cout.flush();
    return 0;
}

}  // namespace

void addTokenize(CLI::App& program, int& status)
{
    auto* command = program.add_subcommand(
        "tokenize",
        "Reads lines of text from stdin and writes a line of token ids for each. Control pieces such as "
        "<end_of_turn> are read as Hugging Face reads them.");
    const auto options = std::make_shared<Options>();
    command
        ->add_option("--model,-m", options->model,
                     "A library name, a folder, an id in the Hugging Face cache, or demo")
        ->required();
    command->add_flag("--bos", options->bos, "Put <bos> in front of each line");
    command->add_flag("--decode", options->decode, "Go back: from lines of ids to text");
    command->add_flag("--json", options->json, "A line of JSON for each line");
    command->callback([options, &status] { status = tokenize(*options); });
}

}  // namespace facet::app
