#pragma once

// Values to try, while they are typed: keys with lists of values, how many runs they make, what is wrong.

#include "jobs/sweep.h"

#include <QObject>
#include <QStringList>

#include <vector>

namespace facet::ui {

class SweepDraft final : public QObject {
    Q_OBJECT

public:
    struct Line {
        QString key;
        QString values;
    };

    explicit SweepDraft(QObject* parent = nullptr) : QObject(parent) {}

    const std::vector<Line>& lines() const { return m_lines; }
    bool isEmpty() const { return m_lines.empty(); }

    void addLine(const Line& line = {});
    void removeLine(size_t at);
    void setLine(size_t at, const Line& line);
    void clear();

    /// The lines as sweeps; none while there is a problem.
    const std::vector<jobs::Sweep>& sweeps() const { return m_sweeps; }

    /// How many runs they make; 0 while there is a problem, 1 without lines.
    int numRuns() const { return m_numRuns; }

    /// What is wrong, in a sentence; "" if nothing.
    QString problem() const { return m_problem; }

    /// Names that the runs of a job of this name get.
    QStringList namesFor(const QString& name) const;

Q_SIGNALS:
    void changed();

private:
    void read();

    std::vector<Line> m_lines;
    std::vector<jobs::Sweep> m_sweeps;
    QString m_problem;
    int m_numRuns = 1;
};

}  // namespace facet::ui
