#pragma once

// A plot of curves over a common axis. The one place that knows QCustomPlot.

#include "ui/runs/run_data.h"
#include "ui/theme/tokens.h"

#include <QVector>
#include <QWidget>

#include <memory>
#include <vector>

class QCPGraph;
class QCPItemLine;
class QCustomPlot;

namespace facet::ui {

class Label;

struct PlotCurve {
    enum class Look { Line, Faint, Rings };

    QString name;
    int slot = 0;  ///< which of the eight colours, dashes and end marks
    Look look = Look::Line;
    std::shared_ptr<const std::vector<double>> x;  ///< grows
    std::shared_ptr<const std::vector<double>> y;
};

struct PlotMark {
    enum class Kind { Checkpoint, Resume, Warning };

    Kind kind = Kind::Checkpoint;
    double x = 0;
    QString text;
};

/// Each change draws it once, in an event of its own: several plots that change at once do not hold the
/// window for longer than one of them takes.
class Plot final : public QWidget {
    Q_OBJECT

public:
    explicit Plot(const QString& name, QWidget* parent = nullptr);

    void setCurves(std::vector<PlotCurve> curves, std::vector<PlotMark> marks = {});
    void setAxis(AxisKind kind);
    void setLogarithmic(bool isLogarithmic);
    void setClipping(bool isClipping);

    /// Shows all points, also those to come. Zooming or panning ends it.
    void setFollowing(bool isFollowing);
    bool isFollowing() const { return m_isFollowing; }
    void fit();
    void zoom(double factor);
    void moveCursor(int pixels);
    void hideCursor();

    /// What the cursor's box says; "" without a cursor.
    QString readOut() const;

    /// Milliseconds of the last drawing.
    double drawMilliseconds() const { return m_drawMilliseconds; }

    /// How often it was drawn. A plot that nobody sees is not, until it is shown.
    int numDrawn() const { return m_numDrawn; }

    /// By the file's suffix: png, svg or pdf. false: it cannot be written.
    bool exportTo(const QString& file);
    QPixmap picture();

Q_SIGNALS:
    void followingChanged(bool isFollowing);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void leaveEvent(QEvent* event) override;
    bool eventFilter(QObject* object, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void applyTheme();
    void draw();
    void drawNow(bool isInPaint);
    void drawCursor();
    bool hasRoom() const;
    void fillGraphs();
    void addEndMark(const PlotCurve& curve);
    void rangeFromCurves();
    void showCursor(double pixel);

    QCustomPlot* m_plot;
    QCPItemLine* m_cursor;
    Label* m_readOut;
    std::vector<PlotCurve> m_curves;
    std::vector<PlotMark> m_marks;
    std::vector<QCPGraph*> m_graphs;
    QCPGraph* m_checkpoints;
    QCPGraph* m_warnings;
    QCPGraph* m_resumes;
    AxisKind m_axis = AxisKind::Step;
    double m_cursorAt = -1;
    double m_drawMilliseconds = 0;
    int m_numDrawn = 0;
    bool m_isStale = true;     ///< it was not drawn since something changed
    bool m_isWaiting = false;  ///< for its turn to be drawn
    bool m_isLogarithmic = false;
    bool m_isClipping = true;
    bool m_isFollowing = true;
    bool m_isSettingRange = false;
};

/// "14.7 M tokens", "step 450", "25 min".
QString axisText(AxisKind kind, double value);

/// A run has a colour, a dash and a mark at its end, so that whoever cannot tell the colours apart can tell
/// the curves.
Role curveRole(int slot);
Qt::PenStyle curveDash(int slot);
QChar curveEndMark(int slot);

}  // namespace facet::ui
