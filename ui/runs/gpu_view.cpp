#include "ui/runs/gpu_view.h"

#include "ui/runs/plot.h"
#include "ui/theme/style_shapes.h"
#include "ui/widgets/card.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/label.h"

#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace facet::ui {
namespace {

constexpr double kGib = 1024.0 * 1024 * 1024;

/// In the unit of its plot.
std::array<double, 4> figuresOf(const core::GpuEvent& gpu)
{
    return {100 * gpu.utilization, static_cast<double>(gpu.memoryBytes) / kGib, gpu.watts, gpu.celsius};
}

}  // namespace

GpuView::GpuView(QWidget* parent) : QWidget(parent), m_stack(new QStackedWidget), m_rows(nullptr)
{
    setObjectName(QStringLiteral("runGpus"));
    setAccessibleName(tr("GPUs of the run"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_stack);
    m_stack->addWidget(new EmptyState(QStringLiteral("gpu"), tr("No GPU has been seen at work"),
                                      tr("A run on a GPU tells its use, memory, power and heat every two "
                                         "seconds. This one is on a CPU, or has just begun.")));
    auto* area = new QScrollArea;
    area->setObjectName(QStringLiteral("runGpuArea"));
    area->setAccessibleName(tr("GPUs of the run"));
    area->setWidgetResizable(true);
    area->setFrameShape(QFrame::NoFrame);
    auto* rows = new QWidget;
    m_rows = new QVBoxLayout(rows);
    m_rows->setContentsMargins(space::kM, space::kS, space::kM, space::kS);
    m_rows->setSpacing(space::kM);
    area->setWidget(rows);
    m_stack->addWidget(area);
}

void GpuView::clear()
{
    for (const Gpu& gpu : m_gpus)
        delete gpu.row;
    m_gpus.clear();
    m_stack->setCurrentIndex(0);
}

void GpuView::addGpu(int64_t index)
{
    const std::array<QString, kFigures> names = {tr("Use"), tr("Memory"), tr("Power"), tr("Heat")};
    const std::array<QString, kFigures> keys = {QStringLiteral("use"), QStringLiteral("memory"),
                                                QStringLiteral("power"), QStringLiteral("heat")};
    Gpu gpu;
    gpu.row = new QWidget;
    auto* column = new QVBoxLayout(gpu.row);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(new Label(tr("GPU %1").arg(index), TextStyle::BodyStrong));
    auto* cells = new QHBoxLayout;
    cells->setSpacing(space::kM);
    gpu.x = std::make_shared<std::vector<double>>();
    for (size_t i = 0; i < kFigures; ++i) {
        auto* card = new Card(names[i]);
        card->body()->setContentsMargins(space::kS, 0, space::kS, space::kXs);
        gpu.values[i] = new Label(TextStyle::Mono, Role::Text2);
        card->header()->addWidget(gpu.values[i]);
        gpu.plots[i] = new Plot(tr("%1 of GPU %2").arg(names[i]).arg(index));
        gpu.plots[i]->setObjectName(QStringLiteral("gpu%1.%2").arg(index).arg(keys[i]));
        gpu.plots[i]->setMinimumHeight(110);
        gpu.plots[i]->setAxis(AxisKind::Time);
        gpu.plots[i]->setClipping(false);
        card->body()->addWidget(gpu.plots[i], 1);
        cells->addWidget(card, 1);
        gpu.y[i] = std::make_shared<std::vector<double>>();
    }
    column->addLayout(cells, 1);
    m_rows->addWidget(gpu.row);
    m_gpus.push_back(std::move(gpu));
}

void GpuView::show(const core::RunHistory& history)
{
    const double begin = history.metrics.times.empty()
                             ? (history.gpus.empty() || history.gpus.front().times.empty()
                                    ? 0
                                    : history.gpus.front().times.front())
                             : history.metrics.times.front();
    const std::array<QString, kFigures> units = {QStringLiteral("%1 %"), QStringLiteral("%1 GiB"),
                                                 QStringLiteral("%1 W"), QStringLiteral("%1 °C")};
    for (size_t g = 0; g < history.gpus.size(); ++g) {
        const core::GpuSeries& series = history.gpus[g];
        if (g == m_gpus.size())
            addGpu(series.index);
        Gpu& gpu = m_gpus[g];
        if (gpu.x->size() == series.samples.size())
            continue;
        for (size_t i = gpu.x->size(); i < series.samples.size(); ++i) {
            gpu.x->push_back(series.times[i] - begin);
            const auto figures = figuresOf(series.samples[i]);
            for (size_t f = 0; f < kFigures; ++f)
                gpu.y[f]->push_back(figures[f]);
        }
        for (size_t f = 0; f < kFigures; ++f) {
            const double last = gpu.y[f]->back();
            gpu.values[f]->setText(units[f].arg(last, 0, 'f', f == 1 ? 1 : 0));
            gpu.plots[f]->setCurves(
                {{gpu.plots[f]->accessibleName(), /*slot=*/0, PlotCurve::Look::Line, gpu.x, gpu.y[f]}});
        }
    }
    m_stack->setCurrentIndex(m_gpus.empty() ? 0 : 1);
}

QString GpuView::valueText(size_t gpu, size_t figure) const
{
    return gpu < m_gpus.size() ? m_gpus[gpu].values.at(figure)->text() : QString();
}

}  // namespace facet::ui
