#include "ui/runs/resume_dialog.h"

#include "ui/finetune/job_rules.h"
#include "ui/theme/theme.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/field_row.h"
#include "ui/widgets/label.h"

#include <QGridLayout>
#include <QLineEdit>
#include <QVBoxLayout>

namespace facet::ui {

ResumeDialog::ResumeDialog(const QString& name, const jobs::Settings& job, QWidget* parent) : QDialog(parent)
{
    setObjectName(QStringLiteral("resumeDialog"));
    setAttribute(Qt::WA_DeleteOnClose);
    setWindowTitle(tr("Resume %1 with changes").arg(name));
    setMinimumWidth(width::kDialog);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(space::kXl, space::kL, space::kXl, space::kL);
    column->setSpacing(space::kM);
    column->addWidget(new Label(windowTitle(), TextStyle::PaneTitle));
    auto* detail =
        new Label(tr("These may change while a run goes on from its newest checkpoint. For another "
                     "model, other data or other layers, duplicate the run."),
                  TextStyle::Body, Role::Text2);
    detail->setWordWrap(true);
    column->addWidget(detail);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(space::kL);
    grid->setVerticalSpacing(space::kM);
    const std::vector<std::pair<std::string, QString>> fields = {
        {"steps", tr("Steps in all")},
        {"optimizer.lr", tr("Highest learning rate")},
        {"batch.micro", tr("Samples in one pass")},
        {"validation.every_steps", tr("Validate every … steps")},
        {"saving.every_steps", tr("Save every … steps")},
        {"saving.keep_best", tr("Best checkpoints to keep")}};
    for (const auto& [key, text] : fields) {
        const auto found = job.find(key);
        const QString before =
            QString::fromStdString(textOf(found == job.end() ? jobRule(key).absent : found->second));
        auto* edit = new QLineEdit(before);
        edit->setObjectName(QStringLiteral("resume.") + QString::fromStdString(key));
        edit->setAccessibleName(text);
        auto* row = new FieldRow(text, edit, QString::fromStdString(jobRule(key).help));
        const auto count = static_cast<int>(m_fields.size());
        grid->addWidget(row, count / 2, count % 2, Qt::AlignTop);
        m_fields.push_back({key, before, edit, row});
        connect(edit, &QLineEdit::textChanged, this, &ResumeDialog::check);
    }
    column->addLayout(grid);
    auto* buttons = new QHBoxLayout;
    buttons->addStretch();
    QPushButton* cancel = makeButton(QStringLiteral("resumeCancel"), tr("Cancel"));
    m_resume =
        makeButton(QStringLiteral("resumeYes"), tr("Resume"), ButtonKind::Primary, QStringLiteral("play"));
    m_resume->setDefault(true);
    buttons->addWidget(cancel);
    buttons->addWidget(m_resume);
    column->addLayout(buttons);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_resume, &QPushButton::clicked, this, [this] {
        QStringList changes;
        for (const Field& field : m_fields)
            if (field.edit->text() != field.before)
                if (const core::Result<nlohmann::json> value =
                        valueOf(field.key, field.edit->text().toStdString()))
                    changes << QString::fromStdString(field.key + "=" + value->dump());
        Q_EMIT resumeWanted(changes);
        accept();
    });
    check();
}

void ResumeDialog::check()
{
    bool areRight = true;
    for (const Field& field : m_fields) {
        const core::Result<nlohmann::json> value = valueOf(field.key, field.edit->text().toStdString());
        const bool isRight = value || field.edit->text() == field.before;
        field.row->setError(isRight ? QString() : QString::fromStdString(value.error().message));
        areRight = areRight && isRight;
    }
    m_resume->setEnabled(areRight);
}

}  // namespace facet::ui
