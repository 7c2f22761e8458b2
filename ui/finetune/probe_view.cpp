#include "ui/finetune/probe_view.h"

#include "ui/finetune/job_form.h"
#include "ui/models/words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"

#include <QPainter>
#include <QVBoxLayout>

namespace facet::ui {

namespace {

QString gibibytes(double bytes)
{
    return words::gibibytes(static_cast<qint64>(bytes));
}

QString seconds(double value)
{
    return QString::number(value, 'f', value < 9.95 ? 2 : 1);
}

QString detailOf(const JobProbe::Figures& figures)
{
    QStringList sentences;
    sentences << ProbeView::tr("Estimated %1. A step: data %2 s, forward %3, backward %4, optimizer %5.")
                     .arg(gibibytes(figures.estimatedBytes), seconds(figures.dataSeconds),
                          seconds(figures.forwardSeconds), seconds(figures.backwardSeconds),
                          seconds(figures.optimizerSeconds));
    sentences << ProbeView::tr("%1 tokens a second%2.")
                     .arg(words::integer(static_cast<qint64>(figures.tokensPerSecond)),
                          figures.areRowsMadeUp ? ProbeView::tr(", with made-up samples") : QString());
    return sentences.join(QLatin1Char(' '));
}

}  // namespace

ProbeView::ProbeView(JobForm& form, JobProbe& probe, QWidget* parent)
    : QWidget(parent),
      m_form(form),
      m_probe(probe),
      m_state(new Label(TextStyle::BodyStrong)),
      m_detail(new Label(TextStyle::Small, Role::Text2)),
      m_button(makeButton(QStringLiteral("probeJob"), tr("Probe")))
{
    setObjectName(QStringLiteral("probeView"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kM, space::kS, space::kM, space::kS);
    column->setSpacing(space::kXs);
    m_state->setObjectName(QStringLiteral("probeState"));
    m_state->setWordWrap(true);
    m_detail->setObjectName(QStringLiteral("probeDetail"));
    m_detail->setWordWrap(true);
    setCompact(m_button);
    auto* row = new QHBoxLayout;
    row->addWidget(m_state, 1);
    row->addWidget(m_button, 0, Qt::AlignTop);
    column->addLayout(row);
    column->addWidget(m_detail);
    m_edits = new QVBoxLayout;
    m_edits->setSpacing(space::kXs);
    column->addLayout(m_edits);
    // It may be higher than its hint, which is that of wide lines.
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    connect(m_button, &QPushButton::clicked, this, &ProbeView::press);
    connect(&m_probe, &JobProbe::changed, this, &ProbeView::showState);
    connect(&m_probe, &JobProbe::changed, this, [this] {
        if (m_probe.state() == JobProbe::State::Measured)
            m_form.judgeAgain();  // times follow the rate that was measured
    });
    connect(&m_form, &JobForm::changed, &m_probe, &JobProbe::reset);
    connect(&m_form, &JobForm::judged, this, &ProbeView::showState);
    showState();
}

void ProbeView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(Theme::color(Role::Sunken));
    painter.drawRoundedRect(QRectF(rect()), radius::kControl, radius::kControl);
}

void ProbeView::press()
{
    if (m_probe.state() == JobProbe::State::Running)
        m_probe.reset();
    else
        m_probe.start(m_form.document(), m_form.device().id);
}

void ProbeView::showState()
{
    const JobProbe::Figures& figures = m_probe.figures();
    const bool isHere = m_form.profile().empty();
    m_state->setRole(Role::Text);
    switch (m_probe.state()) {
        case JobProbe::State::Idle:
            m_state->setText(tr("Measured"));
            m_detail->setText(
                isHere ? tr("Not yet: two steps here tell memory and time. Nothing of them is kept.")
                       : tr("A probe runs on this machine, and the job is for a cluster."));
            break;
        case JobProbe::State::Running:
            m_state->setText(tr("Measuring"));
            m_detail->setText(tr("%1 …").arg(m_probe.progress()));
            break;
        case JobProbe::State::Measured:
            m_state->setText(tr("Measured %1, %2 s a step")
                                 .arg(gibibytes(figures.memoryBytes), seconds(figures.secondsPerStep)));
            m_detail->setText(detailOf(figures));
            break;
        case JobProbe::State::TooLarge:
            m_state->setText(tr("Does not fit"));
            m_state->setRole(Role::Danger);
            m_detail->setText(m_probe.problem());
            break;
        case JobProbe::State::Failed:
            m_state->setText(tr("Could not be measured"));
            m_state->setRole(Role::Danger);
            m_detail->setText(m_probe.problem());
            break;
    }
    const bool isRunning = m_probe.state() == JobProbe::State::Running;
    const bool isFirst = m_probe.state() == JobProbe::State::Idle;
    m_button->setText(isRunning ? tr("Cancel") : isFirst ? tr("Probe") : tr("Probe again"));
    m_button->setAccessibleName(isRunning ? tr("Cancel the probe") : tr("Measure memory and time"));
    m_button->setEnabled(isRunning || (isHere && m_form.verdict().resolved.has_value()));
    showEdits();
}

void ProbeView::showEdits()
{
    while (QLayoutItem* item = m_edits->takeAt(0)) {
        item->widget()->hide();
        item->widget()->deleteLater();
        delete item;
    }
    if (m_probe.state() != JobProbe::State::TooLarge)
        return;
    int number = 0;
    for (const jobs::JobEdit& edit : m_probe.edits()) {
        QPushButton* button =
            makeButton(QStringLiteral("probeEdit%1").arg(number++),
                       tr("%1: %2").arg(QString::fromStdString(edit.sentence), gibibytes(edit.bytes)));
        setCompact(button);
        connect(button, &QPushButton::clicked, this,
                [this, changes = edit.changes] { m_form.apply(changes); });
        m_edits->addWidget(button);
    }
}

}  // namespace facet::ui
