#include "ui/finetune/finetune_page.h"

#include "ui/background.h"
#include "ui/engine/engine_client.h"
#include "ui/finetune/cost_strip.h"
#include "ui/finetune/data_section.h"
#include "ui/finetune/field_mark.h"
#include "ui/finetune/form_field.h"
#include "ui/finetune/job_outline.h"
#include "ui/finetune/job_rules.h"
#include "ui/finetune/side_panel.h"
#include "ui/finetune/targets_section.h"
#include "ui/finetune/where_section.h"
#include "ui/models/words.h"
#include "ui/theme/icons.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/chip.h"
#include "ui/widgets/label.h"
#include "ui/widgets/toast.h"

#include <QComboBox>
#include <QGridLayout>
#include <QLineEdit>
#include <QPainter>
#include <QScrollArea>

#include <algorithm>

namespace facet::ui {

namespace {

constexpr int kNarrow = 1128;  // of the page: the window at 1200 without its rail
constexpr int kSideWidth = 360;
constexpr int kColumns = 4;

/// The bar at the top.
class Bar final : public QWidget {
protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.fillRect(rect(), Theme::color(Role::Surface));
        painter.fillRect(0, height() - 1, width(), 1, Theme::color(Role::Border));
    }
};

std::vector<JobOutline::Section> outlineSections()
{
    return {{QStringLiteral("model"), QObject::tr("Model"), {"name", "dir", "recipe", "model.", "precision"}},
            {QStringLiteral("method"),
             QObject::tr("Method"),
             {"method", "pretrain.", "lora.rank", "lora.alpha", "lora.dropout", "lora.rslora",
              "lora.init_adapter"}},
            {QStringLiteral("trained"), QObject::tr("What is trained"), {"freeze.", "lora."}},
            {QStringLiteral("data"), QObject::tr("Data"), {"data.", "packing"}},
            {QStringLiteral("schedule"),
             QObject::tr("Batch, schedule"),
             {"sequence_length", "batch.", "steps", "epochs", "schedule.", "optimizer.",
              "activation_checkpointing", "validation.", "early_stopping.", "saving.", "logging.", "samples.",
              "seed", "deterministic"}},
            {QStringLiteral("where"), QObject::tr("Where it runs"), {"parallel."}}};
}

void addFields(JobForm& form, QGridLayout* grid,
               std::initializer_list<std::tuple<const char*, QString, QString>> fields)
{
    int place = 0;
    for (const auto& [key, label, unit] : fields) {
        if (!jobRules().contains(key))
            continue;
        grid->addWidget(new FormField(form, key, label, unit), place / kColumns, place % kColumns,
                        Qt::AlignTop);
        ++place;
    }
    for (int column = 0; column < kColumns; ++column)
        grid->setColumnStretch(column, 1);
}

QGridLayout* fieldGrid()
{
    auto* grid = new QGridLayout;
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setHorizontalSpacing(space::kM);
    grid->setVerticalSpacing(space::kM);
    return grid;
}

}  // namespace

FinetunePage::FinetunePage(Parts parts, QWidget* parent)
    : QWidget(parent),
      m_form(parts.form),
      m_start(parts.form.home, parts.engine, {parts.form.builtIns, parts.form.recipes, 1}),
      m_probe(parts.form.home, parts.engine),
      m_use(parts.runs, parts.form.home),
      m_cluster(m_form, m_sweeps, parts.form.home, parts.form.recipes),
      m_conversations(parts.conversations),
      m_loaded(parts.loaded),
      m_client(parts.client),
      m_engine(parts.engine),
      m_banner(new Banner(Banner::Tone::Bad))
{
    setAcceptDrops(true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeHeader());
    m_strip = new CostStrip(m_form);
    connect(m_strip, &CostStrip::panelWanted, this, &FinetunePage::toggleSide);
    column->addWidget(m_strip);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    column->addLayout(row, 1);
    m_outline = new JobOutline(m_form, outlineSections());
    row->addWidget(m_outline);
    row->addWidget(makeForm(), 1);
    m_sideRoom = new QWidget;
    m_sideRoom->setFixedWidth(kSideWidth);
    row->addWidget(m_sideRoom);
    m_side = new SidePanel(m_form, m_probe, this);
    m_side->setProperty("pane", true);
    m_side->setAccessibleName(tr("Cost, changes, job file"));
    connect(m_outline, &JobOutline::chosen, this, [this](int section) {
        QWidget* card = m_sections.value(section);
        if (!card)
            return;
        m_scroll->ensureWidgetVisible(card, 0, 0);
        for (QWidget* widget : card->findChildren<QWidget*>())
            if (widget->focusPolicy() & Qt::TabFocus && widget->isVisible()) {
                widget->setFocus(Qt::TabFocusReason);
                break;
            }
    });
    connect(m_side, &SidePanel::keyWanted, this, &FinetunePage::goToKey);
    connect(&m_form, &JobForm::changed, this, &FinetunePage::refresh);
    connect(&m_form, &JobForm::judged, this, &FinetunePage::refresh);
    connect(&m_form, &JobForm::draftSaved, this, &FinetunePage::refresh);
    connect(&m_start, &JobStart::busyChanged, this, &FinetunePage::refresh);
    connect(&m_start, &JobStart::queued, this, &FinetunePage::showQueued);
    connect(&m_sweeps, &SweepDraft::changed, this, &FinetunePage::refresh);
    connect(&m_use, &DeviceUse::changed, this, &FinetunePage::refreshButtons);
    connect(&m_cluster, &JobCluster::changed, this, &FinetunePage::refreshButtons);
    connect(&m_cluster.slurm(), &SlurmJobs::failed, this,
            [this](const QString& sentence) { showProblem(tr("SLURM refused"), sentence); });
    connect(&m_cluster.slurm(), &SlurmJobs::submitted, this, [this](const QString& id) {
        m_banner->hide();
        Toast::show(this, {QStringLiteral("done"), tr("%1 is job %2 of SLURM").arg(m_form.text("name"), id),
                           tr("Its run is on the Runs page once it has started."), tr("Show"),
                           [this] { Q_EMIT queueWanted(); }});
    });
    if (m_client) {
        // The engine may come later than this page, and come again.
        connect(m_client, &EngineClient::stateChanged, this, &FinetunePage::askForGpus);
        askForGpus();
    }
    connect(&m_start, &JobStart::failed, this,
            [this](const QString& sentence) { showProblem(tr("The run was not started"), sentence); });
    connect(&m_start, &JobStart::started, this, [this](const QString& name, const QString& folder) {
        m_banner->hide();
        Toast::show(this, {QStringLiteral("running"),
                           tr("%1 is running").arg(name),
                           tr("It goes on when the window is closed. Its folder: %1").arg(folder),
                           {},
                           {}});
        // The next one is another run.
        m_form.set("name", freeRunName(m_form.home(), name.toStdString()));
        Q_EMIT runStarted(name, folder);
    });
    addActions();
    showRecipes();
    showModels();
    setFocusProxy(m_model);
    if (!m_form.draftProblem().isEmpty())
        showProblem(tr("The draft could not be read"), m_form.draftProblem());
    refresh();
}

QWidget* FinetunePage::makeHeader()
{
    auto* bar = new Bar;
    m_header = bar;
    bar->setMinimumHeight(height::kPageHeader);
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(space::kL, 0, space::kL, 1);
    row->setSpacing(space::kS);
    m_name = new QLineEdit;
    m_name->setObjectName(QStringLiteral("job.name"));
    m_name->setAccessibleName(tr("Name of the run"));
    m_name->setMinimumWidth(160);
    connect(m_name, &QLineEdit::textEdited, this,
            [this](const QString& text) { m_form.setText("name", text); });
    connect(m_name, &QLineEdit::editingFinished, &m_form, &JobForm::endStep);
    m_recipe = new QComboBox;
    m_recipe->setObjectName(QStringLiteral("job.recipe"));
    m_recipe->setAccessibleName(tr("Recipe"));
    m_recipe->setMinimumContentsLength(18);
    m_recipe->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    connect(m_recipe, &QComboBox::activated, this,
            [this] { m_form.startFromRecipe(m_recipe->currentData().toString()); });
    m_changes = new Chip(QString(), ChipTone::Changed);
    m_draft = new Label(TextStyle::Small, Role::Text3);
    m_draft->setObjectName(QStringLiteral("draftNote"));
    m_draft->setElided(Qt::ElideRight);
    m_draft->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_draft->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    m_undo = makeIconButton(QStringLiteral("undoJob"), QStringLiteral("undo"), tr("Undo"));
    m_redo = makeIconButton(QStringLiteral("redoJob"), QStringLiteral("redo"), tr("Redo"));
    connect(m_undo, &QToolButton::clicked, &m_form, &JobForm::undo);
    connect(m_redo, &QToolButton::clicked, &m_form, &JobForm::redo);
    QToolButton* open =
        makeIconButton(QStringLiteral("openJob"), QStringLiteral("folder"), tr("Open a job file or run…"));
    QToolButton* save =
        makeIconButton(QStringLiteral("saveJob"), QStringLiteral("save"), tr("Save the job file…"));
    connect(open, &QToolButton::clicked, this, [this] { chooseFile(false); });
    connect(save, &QToolButton::clicked, this, [this] { chooseFile(true); });
    m_verdict = makeButton(QStringLiteral("jobVerdict"), tr("Ready"), ButtonKind::Flat);
    setCompact(m_verdict);
    connect(m_verdict, &QPushButton::clicked, this, [this] { goToProblem(1); });
    m_startButton =
        makeButton(QStringLiteral("startJob"), tr("Start"), ButtonKind::Primary, QStringLiteral("play"));
    connect(m_startButton, &QPushButton::clicked, this, &FinetunePage::start);
    m_queueButton = makeButton(QStringLiteral("queueJob"), tr("Add to queue"), ButtonKind::Outlined,
                               QStringLiteral("queue"));
    connect(m_queueButton, &QPushButton::clicked, this, &FinetunePage::enqueue);
    m_exportButton = makeButton(QStringLiteral("exportScript"), tr("Export script…"), ButtonKind::Outlined,
                                QStringLiteral("save"));
    connect(m_exportButton, &QPushButton::clicked, this, &FinetunePage::exportScript);
    m_submitButton = makeButton(QStringLiteral("submitScript"), tr("Submit…"), ButtonKind::Primary,
                                QStringLiteral("export"));
    connect(m_submitButton, &QPushButton::clicked, this, &FinetunePage::submitScript);
    row->addWidget(m_name);
    row->addWidget(m_recipe);
    row->addWidget(m_changes);
    row->addWidget(m_draft, 1);
    for (QWidget* widget :
         {static_cast<QWidget*>(m_undo), static_cast<QWidget*>(m_redo), static_cast<QWidget*>(open),
          static_cast<QWidget*>(save), static_cast<QWidget*>(m_verdict), static_cast<QWidget*>(m_queueButton),
          static_cast<QWidget*>(m_startButton), static_cast<QWidget*>(m_exportButton),
          static_cast<QWidget*>(m_submitButton)})
        row->addWidget(widget);
    return bar;
}

QWidget* FinetunePage::makeForm()
{
    auto* holder = new QWidget;
    holder->setProperty("pane", true);
    holder->setAccessibleName(tr("The job"));
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(space::kXl, space::kL, space::kXl, space::kL);
    column->setSpacing(space::kM);
    m_banner->setObjectName(QStringLiteral("finetuneBanner"));
    QPushButton* close = makeButton(QStringLiteral("finetuneBannerClose"), tr("Close"));
    setCompact(close);
    connect(close, &QPushButton::clicked, m_banner, &QWidget::hide);
    m_banner->addAction(close);
    m_banner->hide();
    column->addWidget(m_banner);
    auto* top = makeModel();
    auto* targets = new TargetsSection(m_form);
    m_data = new DataSection(m_form, m_conversations);
    auto* schedule = makeSchedule();
    auto* where = new WhereSection({m_form, m_sweeps, m_use, m_cluster, m_loaded});
    connect(where, &WhereSection::profileWanted, this, &FinetunePage::profileWanted);
    m_sections << targets << m_data << schedule << where;
    for (QWidget* card : {top, static_cast<QWidget*>(targets), static_cast<QWidget*>(m_data), schedule,
                          static_cast<QWidget*>(where)})
        column->addWidget(card);
    column->addStretch();

    m_scroll = new QScrollArea;
    m_scroll->setObjectName(QStringLiteral("jobScroll"));
    m_scroll->setAccessibleName(tr("The job"));
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFocusPolicy(Qt::NoFocus);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setWidget(holder);
    m_scroll->viewport()->setAutoFillBackground(false);
    holder->setAutoFillBackground(false);
    return m_scroll;
}

QWidget* FinetunePage::makeModel()
{
    auto* holder = new QWidget;
    auto* row = new QHBoxLayout(holder);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(space::kM);
    auto* model = new Card(tr("1  Model"));
    m_model = new QComboBox;
    m_model->setObjectName(QStringLiteral("job.model.base"));
    m_model->setAccessibleName(tr("Base model"));
    m_model->setEditable(true);
    m_model->setInsertPolicy(QComboBox::NoInsert);
    m_model->lineEdit()->setObjectName(QStringLiteral("modelBaseText"));
    m_model->lineEdit()->setAccessibleName(tr("Base model"));
    m_model->setMinimumContentsLength(16);
    m_model->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    connect(m_model->lineEdit(), &QLineEdit::textEdited, this,
            [this](const QString& text) { m_form.setText("model.base", text); });
    connect(m_model, &QComboBox::activated, this, [this] {
        m_form.setText("model.base", m_model->currentText());
        m_form.endStep();
    });
    m_modelFacts = new Label(TextStyle::Small, Role::Text3);
    m_modelFacts->setObjectName(QStringLiteral("modelFacts"));
    m_modelFacts->setWordWrap(true);
    auto* modelHead = new QHBoxLayout;
    modelHead->addWidget(new Label(tr("Base model"), TextStyle::SmallStrong, Role::Text2));
    modelHead->addWidget(new FieldMark(m_form, {"model.base"}, tr("Base model")));
    modelHead->addStretch();
    model->body()->addLayout(modelHead);
    model->body()->addWidget(m_model);
    model->body()->addWidget(m_modelFacts);
    auto* modelFields = new QHBoxLayout;
    modelFields->addWidget(new FormField(m_form, "precision", tr("Precision")));
    modelFields->addWidget(new FormField(m_form, "model.text_only", tr("Text only")));
    model->body()->addLayout(modelFields);
    model->body()->addStretch();

    auto* method = new Card(tr("2  Method"));
    auto* grid = fieldGrid();
    addFields(m_form, grid,
              {{"method", tr("Method"), {}},
               {"lora.rank", tr("Rank"), {}},
               {"lora.alpha", tr("Alpha"), {}},
               {"lora.dropout", tr("Dropout"), {}},
               {"lora.rslora", tr("rsLoRA scale"), {}}});
    grid->addWidget(new FormField(m_form, "lora.init_adapter", tr("Adapter to start from")), 1, 1, 1, 3);
    auto* tokenizer = new FormField(m_form, "pretrain.tokenizer", tr("Tokenizer of"));
    auto* tower = new FormField(m_form, "pretrain.vision_tower", tr("Vision tower of"));
    grid->addWidget(tokenizer, 2, 0, 1, 2);
    grid->addWidget(tower, 2, 2, 1, 2);
    const auto showNew = [this, tokenizer, tower] {
        const bool isNew = m_form.value("method") == "pretrain";
        tokenizer->setVisible(isNew);
        tower->setVisible(isNew);
    };
    connect(&m_form, &JobForm::changed, this, showNew);
    showNew();
    method->body()->addLayout(grid);
    method->body()->addStretch();
    row->addWidget(model, 4);
    row->addWidget(method, 5);
    m_sections << model << method;
    return holder;
}

QWidget* FinetunePage::makeSchedule()
{
    auto* card = new Card(tr("5  Batch and schedule"));
    m_numbers = new Label(TextStyle::Small, Role::Text2);
    m_numbers->setObjectName(QStringLiteral("batchNumbers"));
    card->header()->addWidget(m_numbers);
    auto* grid = fieldGrid();
    addFields(m_form, grid,
              {{"sequence_length", tr("Sequence"), tr("tokens")},
               {"batch.micro", tr("Micro batch"), {}},
               {"batch.global", tr("Global batch"), {}},
               {"activation_checkpointing", tr("Checkpointing"), {}},
               {"steps", tr("Steps"), {}},
               {"epochs", tr("Epochs"), {}},
               {"optimizer.lr", tr("Learning rate"), {}},
               {"schedule.min_lr", tr("Lowest rate"), {}},
               {"schedule.warmup_steps", tr("Warm-up"), tr("steps")},
               {"schedule.type", tr("Schedule"), {}},
               {"optimizer.type", tr("Optimizer"), {}},
               {"optimizer.weight_decay", tr("Weight decay"), {}}});
    card->body()->addLayout(grid);
    QPushButton* more = makeButton(QStringLiteral("moreSettings"), tr("More settings"), ButtonKind::Link);
    card->body()->addWidget(more, 0, Qt::AlignLeft);
    auto* rest = new QWidget;
    auto* restGrid = fieldGrid();
    rest->setLayout(restGrid);
    addFields(m_form, restGrid,
              {{"optimizer.beta1", tr("Beta 1"), {}},
               {"optimizer.beta2", tr("Beta 2"), {}},
               {"optimizer.eps", tr("Epsilon"), {}},
               {"optimizer.clip_grad_norm", tr("Longest gradient"), {}},
               {"schedule.constant_steps", tr("Constant"), tr("steps")},
               {"schedule.decay_steps", tr("Decay"), tr("steps")},
               {"validation.every_steps", tr("Validate every"), tr("steps")},
               {"validation.batches", tr("Validation batches"), {}},
               {"early_stopping.patience", tr("Patience"), {}},
               {"saving.every_steps", tr("Save every"), tr("steps")},
               {"saving.every_minutes", tr("Save every"), tr("minutes")},
               {"saving.keep_best", tr("Keep best"), {}},
               {"saving.keep_last", tr("Keep newest"), {}},
               {"logging.every_steps", tr("Log every"), tr("steps")},
               {"samples.every_steps", tr("Sample every"), tr("steps")},
               {"seed", tr("Seed"), {}},
               {"data.shuffle_seed", tr("Order of rows"), {}},
               {"deterministic", tr("Deterministic"), {}},
               {"logging.tensorboard", tr("TensorBoard"), {}}});
    rest->hide();
    card->body()->addWidget(rest);
    connect(more, &QPushButton::clicked, this, [rest, more] {
        rest->setVisible(!rest->isVisible());
        more->setText(rest->isVisible() ? tr("Fewer settings") : tr("More settings"));
    });
    return card;
}

void FinetunePage::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    layOut();
}

bool FinetunePage::isNarrow() const
{
    return width() < kNarrow;
}

void FinetunePage::toggleSide()
{
    bool& isShown = isNarrow() ? m_isSideOverForm : m_isSideWanted;
    isShown = !isShown;
    layOut();
    if (m_side->isVisible() && isNarrow())
        m_side->setFocus(Qt::OtherFocusReason);
}

/// The panel stands beside the form, or over it where there is no room for both.
void FinetunePage::layOut()
{
    const bool isNarrow = this->isNarrow();
    m_outline->setNarrow(isNarrow);
    m_draft->setVisible(!isNarrow);
    // The strip has them.
    m_changes->setVisible(!isNarrow && !m_form.changedKeys().empty());
    m_recipe->setMinimumContentsLength(isNarrow ? 8 : 18);
    m_name->setMinimumWidth(isNarrow ? 104 : 160);
    m_strip->setVisible(isNarrow);
    m_sideRoom->setVisible(!isNarrow && m_isSideWanted);
    m_side->setVisible(isNarrow ? m_isSideOverForm : m_isSideWanted);
    const auto heightOf = [](const QWidget* bar) {
        return std::max(bar->minimumHeight(), bar->sizeHint().height());
    };
    const int top = heightOf(m_header) + (isNarrow ? heightOf(m_strip) : 0);
    m_side->setGeometry(width() - kSideWidth, top, kSideWidth, height() - top);
    m_side->raise();
}

void FinetunePage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    m_cluster.refresh();  // the Clusters page may have changed the profiles
}

void FinetunePage::refresh()
{
    const auto put = [](QLineEdit* line, const QString& text) {
        if (line->text() != text)
            line->setText(text);
    };
    const auto mark = [this](QWidget* widget, const char* key) {
        const QString problem = m_form.problem(key);
        widget->setProperty("invalid", !problem.isEmpty());
        widget->setAccessibleDescription(problem);
        widget->setToolTip(problem);
        widget->update();
    };
    put(m_name, m_form.text("name"));
    mark(m_name, "name");
    put(m_model->lineEdit(), m_form.text("model.base"));
    mark(m_model, "model.base");
    const int at = m_recipe->findData(m_form.recipe());
    m_recipe->setCurrentIndex(at);
    const auto changes = m_form.changedKeys().size();
    m_changes->setVisible(changes > 0 && !isNarrow());
    m_changes->setText(changes == 1 ? tr("1 change") : tr("%1 changes").arg(changes));
    m_changes->updateGeometry();
    m_draft->setText(!m_form.draftProblem().isEmpty() ? m_form.draftProblem()
                     : m_form.draftSavedAt().isValid()
                         ? tr("Draft saved %1").arg(m_form.draftSavedAt().toString(QStringLiteral("HH:mm")))
                         : QString());
    m_undo->setEnabled(m_form.canUndo());
    m_redo->setEnabled(m_form.canRedo());

    refreshButtons();
    showNumbers();
}

void FinetunePage::showNumbers()
{
    const std::optional<jobs::ResolvedJob>& resolved = m_form.verdict().resolved;
    const QString problem = m_form.problem("model.base");
    m_modelFacts->setRole(problem.isEmpty() ? Role::Text3 : Role::Danger);
    if (!problem.isEmpty())
        m_modelFacts->setText(problem);
    else if (resolved)
        m_modelFacts->setText(tr("%1 parameters, %2 layers, %3%4")
                                  .arg(words::parameters(resolved->parameters.total))
                                  .arg(resolved->config.text.numLayers)
                                  .arg(resolved->config.vision ? tr("vision") : tr("text"),
                                       resolved->modelPath.empty()
                                           ? tr("; not on this machine: it can be planned, not started")
                                           : QString()));
    if (!resolved)
        return;
    const jobs::Job& job = resolved->job;
    m_numbers->setText(
        tr("%1 = %2 micro × %3 accumulated × %4")
            .arg(job.globalBatch)
            .arg(job.microBatch)
            .arg(resolved->accumulation)
            .arg(resolved->dataParallel == 1 ? tr("1 device") : tr("%1 GPUs").arg(resolved->dataParallel)));
}

void FinetunePage::showRecipes()
{
    m_recipe->addItem(tr("No recipe"), QString());
    for (const JobForm::RecipeName& recipe : m_form.recipes())
        m_recipe->addItem(recipe.title.isEmpty() ? recipe.name : recipe.title, recipe.name);
}

void FinetunePage::showModels()
{
    QStringList names;
    for (const core::BuiltInModel& model : m_form.builtIns())
        names << QString::fromStdString(model.name);
    m_model->addItems(names);
    m_model->setCurrentIndex(-1);
    runInBackground(
        this, [home = m_form.home()] { return core::Library(home).list(); },
        [this](const core::Result<std::vector<core::LibraryEntry>>& entries) {
            if (entries)
                for (const core::LibraryEntry& entry : *entries)
                    m_model->addItem(QString::fromStdString(entry.name));
            m_model->setCurrentIndex(m_model->findText(m_form.text("model.base")));
            refresh();
        });
}

void FinetunePage::goToKey(const std::string& key)
{
    auto* widget = findChild<QWidget*>(QStringLiteral("job.") + QString::fromStdString(key));
    if (!widget) {
        const int section = m_outline->sectionOf(key);
        if (section >= 0)
            Q_EMIT m_outline->chosen(section);
        return;
    }
    if (!widget->isVisible())
        if (auto* more = findChild<QPushButton*>(QStringLiteral("moreSettings")))
            more->click();
    m_scroll->ensureWidgetVisible(widget);
    widget->setFocus(Qt::TabFocusReason);
}

void FinetunePage::goToProblem(int step)
{
    const auto& problems = m_form.verdict().problems;
    if (problems.empty())
        return;
    const int count = static_cast<int>(problems.size());
    m_problem = ((m_problem + step) % count + count) % count;
    const auto at = std::next(problems.begin(), m_problem);
    if (at->first.empty())
        showProblem(tr("The job cannot be started"), QString::fromStdString(at->second));
    else
        goToKey(at->first);
}

void FinetunePage::showProblem(const QString& title, const QString& detail)
{
    m_banner->setTitle(title);
    m_banner->setDetail(detail);
    m_banner->show();
    m_scroll->ensureWidgetVisible(m_banner);
}

}  // namespace facet::ui
