#include "ui/clusters/cluster_form.h"

#include "ui/theme/theme.h"
#include "ui/widgets/field_row.h"
#include "ui/widgets/label.h"
#include "ui/widgets/segments.h"

#include <QCheckBox>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSignalBlocker>
#include <QVBoxLayout>

namespace facet::ui {

namespace {

/// "gpus_per_node" -> "clusterGpusPerNode".
QString objectNameOf(const char* key)
{
    QString name = QStringLiteral("cluster");
    for (const QString& word : QString::fromLatin1(key).split(QLatin1Char('_')))
        name += word.left(1).toUpper() + word.mid(1);
    return name;
}

QString withoutEmptyLines(const QString& text)
{
    QStringList lines;
    for (const QString& line : text.split(QLatin1Char('\n')))
        if (!line.trimmed().isEmpty())
            lines << line.trimmed();
    return lines.join(QLatin1Char('\n'));
}

}  // namespace

ClusterForm::ClusterForm(ClusterDraft& draft, QWidget* parent)
    : QWidget(parent), m_draft(draft), m_column(new QVBoxLayout(this))
{
    m_column->setContentsMargins(space::kL, space::kL, space::kL, space::kL);
    m_column->setSpacing(space::kM);
    addSection(tr("Where"));
    addRow({{"engine", tr("Engine"), tr("there; $NAME and ~ are the cluster's")},
            {"runs", tr("Runs"), tr("on a disk that all nodes see")}});
    addRow({{"models", tr("Models"), tr("HF_HOME there")},
            {"host", tr("Host"), tr("empty: SLURM of this machine")}});
    addSection(tr("Launch"));
    addLaunch();
    addRow({{"image", tr("Image"), {}},
            {"workdir", tr("Folder in it"), {}},
            {"mpi", tr("MPI"), tr("of Pyxis")}});
    addLines({"mounts", tr("Mounts"), tr("FROM:TO or FROM:TO:ro, one a line")});
    addLines({"modules", tr("Modules"), tr("one a line; none: bare metal")});
    addSection(tr("Resources"));
    addRow({{"account", tr("Account"), {}}, {"partition", tr("Partition"), {}}, {"qos", tr("QOS"), {}}});
    addRow({{"time", tr("Time"), tr("days-h:min:s")},
            {"nodes", tr("Nodes"), {}},
            {"gpus_per_node", tr("GPUs a node"), {}},
            {"tasks_per_node", tr("Tasks a node"), tr("empty: one a GPU")}});
    addRow({{"cpus_per_task", tr("CPUs a task"), {}},
            {"memory", tr("Memory"), tr("480G")},
            {"constraint", tr("Constraint"), {}},
            {"exclude", tr("Exclude"), {}}});
    addBox({"exclusive", tr("Whole node"), {}});
    addSection(tr("When it is stopped"));
    addRow({{"save_before_end", tr("Save before the end"), tr("s; USR1 to the job")},
            {"restarts", tr("Start again"), tr("times")},
            {"mail_type", tr("Mail"), tr("END,FAIL")},
            {"mail_user", tr("To"), {}}});
    addSection(tr("NCCL, environment, extra flags"));
    addBox({"nccl_debug", tr("NCCL_DEBUG=INFO"), {}});
    addLines({"nccl", tr("NCCL"), tr("NAME=VALUE, one a line")});
    addLines({"environment", tr("Environment"), tr("NAME=VALUE, one a line; no secrets")});
    addLines({"pass_environment", tr("Passed on by sbatch"), tr("names only, such as HF_TOKEN")});
    addRow({{"dependency", tr("Dependency"), tr("singleton, afterok:ID")},
            {"segment", tr("Segment"), {}},
            {"comment", tr("Comment"), {}}});
    addRow({{"output", tr("Output"), tr("empty: NAME.slurm.out")},
            {"error", tr("Errors"), tr("empty: with the output")},
            {"array_at_once", tr("Sweeps, at once"), tr("empty: all")}});
    addLines({"extra", tr("Extra flags"), tr("of sbatch, one a line: --reservation=NAME")});
    addLines({"srun_arguments", tr("Arguments of srun"), tr("one a line")});
    m_column->addStretch();
    connect(&m_draft, &ClusterDraft::changed, this, &ClusterForm::show);
    show();
}

void ClusterForm::addSection(const QString& title)
{
    m_column->addWidget(new Label(title, TextStyle::Section));
}

QWidget* ClusterForm::makeLine(const char* key)
{
    auto* line = new QLineEdit;
    line->setObjectName(objectNameOf(key));
    const QString name = QString::fromLatin1(key);
    const auto applyFont = [line] { line->setFont(Theme::font(TextStyle::Mono)); };
    applyFont();
    connect(Theme::notifier(), &ThemeNotifier::changed, line, applyFont);
    connect(line, &QLineEdit::textEdited, this,
            [this, name](const QString& text) { m_draft.setText(name, text); });
    m_showers << [this, line, name] {
        if (line->text() != m_draft.text(name))
            line->setText(m_draft.text(name));
    };
    return line;
}

void ClusterForm::addRow(const QList<Field>& fields)
{
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kM);
    for (const Field& field : fields) {
        auto* holder = new FieldRow(field.label, makeLine(field.key), field.help);
        const QString name = QString::fromLatin1(field.key);
        m_showers << [this, holder, name, help = field.help] {
            holder->setError(m_draft.problem(name));
            holder->setHelp(m_draft.doubt(name).isEmpty() ? help : m_draft.doubt(name));
        };
        row->addWidget(holder, 1, Qt::AlignTop);
    }
    m_column->addLayout(row);
}

void ClusterForm::addLines(const Field& field)
{
    auto* lines = new QPlainTextEdit;
    lines->setObjectName(objectNameOf(field.key));
    lines->setTabChangesFocus(true);
    lines->setFixedHeight(62);
    const auto applyFont = [lines] { lines->setFont(Theme::font(TextStyle::Mono)); };
    applyFont();
    connect(Theme::notifier(), &ThemeNotifier::changed, lines, applyFont);
    auto* holder = new FieldRow(field.label, lines, field.help);
    const QString name = QString::fromLatin1(field.key);
    connect(lines, &QPlainTextEdit::textChanged, this,
            [this, lines, name] { m_draft.setText(name, lines->toPlainText()); });
    m_showers << [this, lines, holder, name, help = field.help] {
        // While it is typed an empty line is the beginning of the next one: what means the same stays as it
        // is.
        const QString typed = lines->toPlainText();
        const QString wanted = m_draft.text(name);
        if (typed != wanted && withoutEmptyLines(typed) != wanted) {
            const QSignalBlocker blocker(lines);
            lines->setPlainText(wanted);
        }
        holder->setError(m_draft.problem(name));
        holder->setHelp(m_draft.doubt(name).isEmpty() ? help : m_draft.doubt(name));
    };
    m_column->addWidget(holder);
}

void ClusterForm::addBox(const Field& field)
{
    auto* box = new QCheckBox(field.label);
    box->setObjectName(objectNameOf(field.key));
    box->setAccessibleName(field.label);
    const QString name = QString::fromLatin1(field.key);
    connect(box, &QCheckBox::clicked, this,
            [this, name](bool isOn) { m_draft.setText(name, isOn ? QStringLiteral("true") : QString()); });
    m_showers << [this, box, name] { box->setChecked(!m_draft.text(name).isEmpty()); };
    m_column->addWidget(box);
}

void ClusterForm::addLaunch()
{
    auto* launch = new Segments(tr("Launch"), {tr("Pyxis"), tr("Apptainer"), tr("Modules")});
    launch->setObjectName(QStringLiteral("clusterLaunch"));
    connect(launch, &Segments::chosen, this, [this](int index) {
        const std::string_view name = jobs::kLaunches[static_cast<size_t>(index)];
        m_draft.setText(QStringLiteral("launch"), QString::fromUtf8(name.data(), qsizetype(name.size())));
    });
    m_showers << [this, launch] { launch->setCurrent(static_cast<int>(m_draft.profile().launch)); };
    m_column->addWidget(launch);
}

void ClusterForm::show()
{
    for (const auto& shower : m_showers)
        shower();
}

}  // namespace facet::ui
