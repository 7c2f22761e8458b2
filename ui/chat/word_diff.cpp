#include "ui/chat/word_diff.h"

#include <QHash>
#include <QTextBoundaryFinder>

#include <algorithm>
#include <span>
#include <vector>

namespace facet::ui {

namespace {

struct Word {
    TextSpan place;
    int id = 0;  // the same for the same words
    bool isOdd = false;
};

using Words = std::span<Word>;

std::vector<Word> wordsOf(QStringView text, QHash<QStringView, int>& ids)
{
    std::vector<Word> words;
    QTextBoundaryFinder finder(QTextBoundaryFinder::Word, text.data(), text.size());
    for (qsizetype begin = 0, end = finder.toNextBoundary(); end >= 0;
         begin = end, end = finder.toNextBoundary()) {
        const QStringView word = text.sliced(begin, end - begin);
        if (std::ranges::all_of(word, [](QChar c) { return c.isSpace(); }))
            continue;
        const auto id = ids.constFind(word);
        words.push_back({{begin, end - begin}, id != ids.cend() ? *id : static_cast<int>(ids.size())});
        if (id == ids.cend())
            ids.insert(word, words.back().id);
    }
    return words;
}

/// How far a path has come on each diagonal; diagonals reach from -most to most.
class Furthest {
public:
    explicit Furthest(qsizetype most) : m_most(most), m_values(static_cast<size_t>(2 * most + 1), 0) {}
    qsizetype& operator[](qsizetype diagonal) { return m_values[static_cast<size_t>(diagonal + m_most)]; }

private:
    qsizetype m_most;
    std::vector<qsizetype> m_values;
};

struct Snake {
    qsizetype leftBegin, rightBegin, leftEnd, rightEnd;
};

/// The stretch in the middle of a shortest path from both ends. Both have words, and differ at both ends.
Snake middleSnake(Words left, Words right)
{
    const auto n = static_cast<qsizetype>(left.size()), m = static_cast<qsizetype>(right.size());
    const qsizetype delta = n - m, most = (n + m + 1) / 2;
    const bool isOdd = delta % 2 != 0;
    Furthest forward(most + 1), backward(most + 1);
    // One step more on a diagonal, then along it as far as the words agree.
    const auto goOn = [n, m](Furthest& furthest, qsizetype d, qsizetype k, const auto& agree) {
        const qsizetype begin =
            k == -d || (k != d && furthest[k - 1] < furthest[k + 1]) ? furthest[k + 1] : furthest[k - 1] + 1;
        qsizetype x = begin;
        while (x < n && x - k < m && agree(x, x - k))
            ++x;
        furthest[k] = x;
        return begin;
    };
    for (qsizetype d = 0; d <= most; ++d) {
        // Diagonals beyond these lie outside of both texts.
        const qsizetype lowest = -(d - 2 * std::max<qsizetype>(0, d - m));
        const qsizetype highest = d - 2 * std::max<qsizetype>(0, d - n);
        for (qsizetype k = lowest; k <= highest; k += 2) {
            const qsizetype begin =
                goOn(forward, d, k, [&](qsizetype x, qsizetype y) { return left[x].id == right[y].id; });
            const qsizetype other = delta - k;
            if (isOdd && std::abs(other) <= d - 1 && forward[k] + backward[other] >= n)
                return {begin, begin - k, forward[k], forward[k] - k};
        }
        for (qsizetype k = lowest; k <= highest; k += 2) {
            const qsizetype begin = goOn(backward, d, k, [&](qsizetype x, qsizetype y) {
                return left[n - 1 - x].id == right[m - 1 - y].id;
            });
            const qsizetype other = delta - k;
            if (!isOdd && std::abs(other) <= d && backward[k] + forward[other] >= n)
                return {n - backward[k], m - (backward[k] - k), n - begin, m - (begin - k)};
        }
    }
    return {n, m, n, m};  // not reached: the paths meet
}

void markDifferences(Words left, Words right)
{
    while (!left.empty() && !right.empty() && left.front().id == right.front().id) {
        left = left.subspan(1);
        right = right.subspan(1);
    }
    while (!left.empty() && !right.empty() && left.back().id == right.back().id) {
        left = left.first(left.size() - 1);
        right = right.first(right.size() - 1);
    }
    if (left.empty() || right.empty()) {
        for (Word& word : left)
            word.isOdd = true;
        for (Word& word : right)
            word.isOdd = true;
        return;
    }
    const Snake snake = middleSnake(left, right);
    markDifferences(left.first(static_cast<size_t>(snake.leftBegin)),
                    right.first(static_cast<size_t>(snake.rightBegin)));
    markDifferences(left.subspan(static_cast<size_t>(snake.leftEnd)),
                    right.subspan(static_cast<size_t>(snake.rightEnd)));
}

QList<TextSpan> stretchesOf(const std::vector<Word>& words, QStringView text, int& count)
{
    QList<TextSpan> stretches;
    bool isAfterOdd = false;
    for (const Word& word : words) {
        if (word.isOdd) {
            ++count;
            const qsizetype end = word.place.begin + word.place.length;
            const bool isJoined =
                isAfterOdd &&
                !text.sliced(stretches.last().begin, end - stretches.last().begin).contains(u'\n');
            if (isJoined)
                stretches.last().length = end - stretches.last().begin;
            else
                stretches.append(word.place);
        }
        isAfterOdd = word.isOdd;
    }
    return stretches;
}

}  // namespace

WordDiff diffWords(QStringView left, QStringView right)
{
    QHash<QStringView, int> ids;
    std::vector<Word> leftWords = wordsOf(left, ids), rightWords = wordsOf(right, ids);
    markDifferences(leftWords, rightWords);
    WordDiff diff;
    diff.left = stretchesOf(leftWords, left, diff.numLeft);
    diff.right = stretchesOf(rightWords, right, diff.numRight);
    return diff;
}

}  // namespace facet::ui
