#include "ui/finetune/data_section.h"

#include "jobs/job/job_fields.h"
#include "ui/finetune/chats_dialog.h"
#include "ui/finetune/column_list.h"
#include "ui/finetune/data_views.h"
#include "ui/finetune/field_mark.h"
#include "ui/finetune/form_field.h"
#include "ui/finetune/job_form.h"
#include "ui/finetune/pack_view.h"
#include "ui/finetune/source_list.h"
#include "ui/models/words.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/label.h"
#include "ui/widgets/segments.h"
#include "ui/widgets/toast.h"

#include <QComboBox>
#include <QFileDialog>
#include <QLineEdit>
#include <QListView>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QStackedWidget>

namespace facet::ui {

using nlohmann::json;

DataSection::DataSection(JobForm& form, ConversationService* conversations, QWidget* parent)
    : Card(tr("4  Data"), parent), m_form(form), m_conversations(conversations)
{
    m_summary = new Label(TextStyle::Small, Role::Text2);
    header()->addWidget(m_summary);
    makeActions();
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kXl);
    row->addWidget(makeLeft(), 1);
    row->addWidget(makeRight(), 1);
    body()->addLayout(row);
    connect(&m_form, &JobForm::changed, this, &DataSection::showSource);
    connect(&m_form, &JobForm::judged, this, [this] {
        showSource();
        showCounts();
        ask();
    });
    connect(&m_preview, &DataPreview::changed, this, &DataSection::showCounts);
    connect(&m_preview, &DataPreview::rowChanged, this, &DataSection::showRow);
    showSource();
    showCounts();
    showRow();
}

void DataSection::makeActions()
{
    m_stopIndexing = makeButton(QStringLiteral("stopIndexing"), tr("Stop"), ButtonKind::Flat);
    m_stopIndexing->setAccessibleName(tr("Stop reading the file, keep to its first rows"));
    m_stopIndexing->setToolTip(m_stopIndexing->accessibleName());
    setCompact(m_stopIndexing);
    m_stopIndexing->hide();
    connect(m_stopIndexing, &QPushButton::clicked, &m_preview, &DataPreview::stopIndexing);
    header()->addWidget(m_stopIndexing);
    if (m_conversations) {
        QPushButton* chats = makeButton(QStringLiteral("useChats"), tr("Use my chats…"), ButtonKind::Flat,
                                        QStringLiteral("chat"));
        setCompact(chats);
        connect(chats, &QPushButton::clicked, this, &DataSection::chooseChats);
        header()->addWidget(chats);
    }
    QPushButton* add =
        makeButton(QStringLiteral("addSource"), tr("Add to blend"), ButtonKind::Flat, QStringLiteral("plus"));
    setCompact(add);
    connect(add, &QPushButton::clicked, this, &DataSection::addSource);
    header()->addWidget(add);
}

QWidget* DataSection::makeLeft()
{
    auto* holder = new QWidget;
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    m_sources = new SourceList;
    m_sources->setObjectName(QStringLiteral("blend"));
    connect(m_sources, &SourceList::chosen, this, [this](int index) {
        m_current = index;
        showSource();
        ask();
    });
    connect(m_sources, &SourceList::weightTyped, this, [this](int index, const QString& text) {
        json all = sources();
        bool isNumber = false;
        const double weight = text.toDouble(&isNumber);
        all[static_cast<size_t>(index)]["weight"] = isNumber ? json(weight) : json(text.toStdString());
        m_form.set("data.sources", all);
    });
    connect(m_sources, &SourceList::weightLeft, &m_form, &JobForm::endStep);
    connect(m_sources, &SourceList::removed, this, &DataSection::removeSource);
    column->addWidget(m_sources);
    auto* head = new QHBoxLayout;
    head->addWidget(new Label(tr("Training file or folder"), TextStyle::SmallStrong, Role::Text2));
    head->addWidget(new FieldMark(m_form, {"data.sources", "data.skip_bad"}, tr("Training data")));
    head->addStretch();
    column->addLayout(head);
    auto* row = new QHBoxLayout;
    row->setSpacing(space::kS);
    m_path = new QLineEdit;
    m_path->setObjectName(QStringLiteral("dataPath"));
    m_path->setAccessibleName(tr("Training file or folder"));
    m_path->setPlaceholderText(tr("Drop a file here, or type: train.jsonl, mock:text"));
    m_path->setFont(Theme::font(TextStyle::Mono));
    connect(m_path, &QLineEdit::textEdited, this,
            [this](const QString& text) { changeSource("path", text.toStdString()); });
    connect(m_path, &QLineEdit::editingFinished, &m_form, &JobForm::endStep);
    QToolButton* file =
        makeIconButton(QStringLiteral("chooseData"), QStringLiteral("file"), tr("Choose a file…"));
    QToolButton* folder = makeIconButton(QStringLiteral("chooseDataFolder"), QStringLiteral("folder"),
                                         tr("Choose an Energon folder…"));
    connect(file, &QToolButton::clicked, this, [this] { choose(false); });
    connect(folder, &QToolButton::clicked, this, [this] { choose(true); });
    row->addWidget(m_path, 1);
    row->addWidget(file);
    row->addWidget(folder);
    column->addLayout(row);
    m_problem = new Label(TextStyle::Small, Role::Danger);
    m_problem->setWordWrap(true);
    column->addWidget(m_problem);

    auto* how = new QHBoxLayout;
    how->setSpacing(space::kM);
    m_format = new QComboBox;
    m_format->setObjectName(QStringLiteral("dataFormat"));
    m_format->setAccessibleName(tr("Format of the rows"));
    for (const std::string_view name : jobs::kFormats)
        m_format->addItem(QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size())));
    connect(m_format, &QComboBox::activated, this,
            [this] { changeSource("format", m_format->currentText().toStdString()); });
    m_imageRoot = new QLineEdit;
    m_imageRoot->setObjectName(QStringLiteral("dataImageRoot"));
    m_imageRoot->setAccessibleName(tr("Folder of the pictures"));
    m_imageRoot->setPlaceholderText(tr("Pictures beside the file"));
    connect(m_imageRoot, &QLineEdit::textEdited, this,
            [this](const QString& text) { changeSource("image_root", text.toStdString()); });
    how->addWidget(m_format);
    how->addWidget(m_imageRoot, 1);
    column->addLayout(how);
    m_columns = new ColumnList;
    m_columns->setObjectName(QStringLiteral("dataColumns"));
    connect(m_columns, &ColumnList::chosen, this,
            [this](const std::string& member, const std::string& field) {
                m_form.endStep();
                changeSource("field_map", withColumn(source().fieldMap, member, field));
                m_form.endStep();
            });
    column->addWidget(m_columns);
    auto* fields = new QHBoxLayout;
    fields->addWidget(new FormField(m_form, "data.train_on", tr("Loss on")));
    fields->addWidget(new FormField(m_form, "data.validation.fraction", tr("Held out to validate")));
    column->addLayout(fields);
    auto* validation = new QHBoxLayout;
    validation->addWidget(new FormField(m_form, "data.validation.path", tr("Or validate on a file")));
    validation->addWidget(new FormField(m_form, "data.validation.split", tr("Or on a split")));
    column->addLayout(validation);
    column->addWidget(
        new Label(tr("Tokens in a row, pictures counted"), TextStyle::SmallStrong, Role::Text2));
    m_histogram = new LengthHistogram;
    column->addWidget(m_histogram);
    m_bad = new Banner(Banner::Tone::Warning);
    m_bad->setObjectName(QStringLiteral("badRows"));
    m_skip = makeButton(QStringLiteral("skipBadRows"), tr("Skip them"));
    setCompact(m_skip);
    connect(m_skip, &QPushButton::clicked, this, [this] { m_form.set("data.skip_bad", true); });
    m_bad->addAction(m_skip);
    m_cut = new Banner(Banner::Tone::Warning);
    m_cut->setObjectName(QStringLiteral("cutRows"));
    m_longer = makeButton(QStringLiteral("useLonger"), tr("Use more"));
    setCompact(m_longer);
    connect(m_longer, &QPushButton::clicked, this,
            [this] { m_form.set("sequence_length", (m_preview.counts().longest() + 63) / 64 * 64); });
    m_cut->addAction(m_longer);
    column->addWidget(m_bad);
    column->addWidget(m_cut);
    m_problems = new QListView;
    m_problems->setObjectName(QStringLiteral("rowProblems"));
    m_problems->setAccessibleName(tr("Rows with problems"));
    m_problems->setModel(&m_preview.problems());
    m_problems->setUniformItemSizes(true);
    m_problems->setMaximumHeight(96);
    const auto goTo = [this](const QModelIndex& index) {
        if (index.isValid())
            m_preview.goTo(m_preview.problems().rowOf(index));
    };
    connect(m_problems, &QListView::clicked, this, goTo);
    connect(m_problems, &QListView::activated, this, goTo);
    column->addWidget(m_problems);
    column->addStretch();
    return holder;
}

QWidget* DataSection::makeRight()
{
    auto* holder = new QWidget;
    auto* column = new QVBoxLayout(holder);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(space::kS);
    auto* row = new QHBoxLayout;
    m_view = new Segments(tr("How rows are shown"), {tr("Tokens"), tr("Packed")});
    m_view->setObjectName(QStringLiteral("rowView"));
    connect(m_view, &Segments::chosen, this, [this](int index) {
        m_views->setCurrentIndex(index);
        showPack();
    });
    row->addWidget(m_view);
    row->addStretch();
    QToolButton* earlier =
        makeIconButton(QStringLiteral("earlierRow"), QStringLiteral("left"), tr("Earlier row"));
    QToolButton* later = makeIconButton(QStringLiteral("laterRow"), QStringLiteral("right"), tr("Next row"));
    connect(earlier, &QToolButton::clicked, this, [this] { m_preview.goTo(m_preview.row() - 1); });
    connect(later, &QToolButton::clicked, this, [this] { m_preview.goTo(m_preview.row() + 1); });
    m_rowBox = new QSpinBox;
    m_rowBox->setObjectName(QStringLiteral("rowNumber"));
    m_rowBox->setAccessibleName(tr("Row"));
    m_rowBox->setButtonSymbols(QAbstractSpinBox::NoButtons);
    m_rowBox->setKeyboardTracking(false);
    m_rowBox->setMinimumWidth(72);
    connect(m_rowBox, &QSpinBox::valueChanged, this, [this](int number) { m_preview.goTo(number - 1); });
    m_position = new Label(TextStyle::Small, Role::Text2);
    row->addWidget(earlier);
    row->addWidget(m_rowBox);
    row->addWidget(m_position);
    row->addWidget(later);
    column->addLayout(row);
    m_views = new QStackedWidget;
    m_tokens = new TokenView;
    m_packView = new PackView;
    m_views->addWidget(m_tokens);
    m_views->addWidget(m_packView);
    connect(m_packView, &PackView::chosen, &m_preview, &DataPreview::goTo);
    connect(m_packView, &PackView::opened, this, [this](qint64 number) {
        m_preview.goTo(number);
        m_view->setCurrent(0);
        m_views->setCurrentIndex(0);
        m_tokens->setFocus(Qt::OtherFocusReason);
        showPack();
    });
    column->addWidget(m_views, 1);
    m_legend = new Label(TextStyle::Small, Role::Text3);
    m_legend->setObjectName(QStringLiteral("rowLegend"));
    m_packs = new Label(TextStyle::Small, Role::Text3);
    m_packs->setObjectName(QStringLiteral("packs"));
    column->addWidget(m_legend);
    m_pack = new Label(TextStyle::Small, Role::Text2);
    m_pack->setObjectName(QStringLiteral("packOfRow"));
    m_packBar = new PackBar;
    column->addWidget(m_pack);
    column->addWidget(m_packBar);
    auto* packing = new FormField(m_form, "packing", tr("Pack several rows into one sequence"));
    column->addWidget(packing);
    column->addWidget(m_packs);
    return holder;
}

void DataSection::choose(bool folder)
{
    auto* dialog =
        new QFileDialog(this, folder ? tr("Choose an Energon folder") : tr("Choose training data"));
    dialog->setObjectName(QStringLiteral("dataDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(folder ? QFileDialog::Directory : QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, &DataSection::usePath);
    dialog->open();
}

void DataSection::chooseChats()
{
    const std::filesystem::path folder = m_form.home() / "data";
    auto* dialog = new ChatsDialog(*m_conversations, QString::fromStdString(folder.string()), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ChatsDialog::written, this, [this](const QString& path, const core::TrainingRows& rows) {
        usePath(path);
        if (rows.numLeftOut > 0)
            Toast::show(this,
                        {QStringLiteral("info"),
                         tr("%1 chats became rows").arg(words::integer(rows.numRows)),
                         tr("%1 have no whole answer and were left out").arg(words::integer(rows.numLeftOut)),
                         {},
                         {}});
    });
    dialog->open();
}

json DataSection::sources() const
{
    json all = m_form.value("data.sources");
    return all.is_array() && !all.empty() ? all : json::array({json::object()});
}

void DataSection::addSource()
{
    m_form.endStep();
    json all = sources();
    all.push_back({{"path", ""}});
    m_current = static_cast<int>(all.size()) - 1;
    m_form.set("data.sources", all);
    m_form.endStep();
    m_path->setFocus(Qt::OtherFocusReason);
}

void DataSection::removeSource(int index)
{
    m_form.endStep();
    json all = sources();
    all.erase(static_cast<size_t>(index));
    if (m_current >= index && m_current > 0)
        --m_current;
    m_form.set("data.sources", all);
    m_form.endStep();
    m_path->setFocus(Qt::OtherFocusReason);
}

void DataSection::usePath(const QString& path)
{
    m_form.endStep();
    json all = sources();
    json chosen = {{"path", path.toStdString()}};
    json& source = all[static_cast<size_t>(m_current)];
    if (source.is_object() && source.contains("weight"))
        chosen["weight"] = source["weight"];
    source = chosen;
    m_form.set("data.sources", all);
    m_form.endStep();
}

jobs::DataSource DataSection::source() const
{
    // The others need not be right yet.
    const core::Result<jobs::Job> job =
        jobs::jobFrom({{"data.sources", json::array({sources()[static_cast<size_t>(m_current)]})}});
    return job && !job->data.sources.empty() ? job->data.sources.front() : jobs::DataSource();
}

void DataSection::changeSource(const std::string& member, const json& value)
{
    json all = sources();
    json& source = all[static_cast<size_t>(m_current)];
    source[member] = value;
    const bool isDefault = (member == "image_root" && value == "") ||
                           (member == "format" && value == "auto") ||
                           (member == "field_map" && value.empty());
    if (isDefault)
        source.erase(member);
    // A mock's format says nothing about a file.
    if (member == "path" && source.value("format", "") == "mock" &&
        !value.get<std::string>().starts_with("mock:"))
        source.erase("format");
    m_form.set("data.sources", all);
}

void DataSection::ask()
{
    const std::optional<jobs::ResolvedJob>& resolved = m_form.verdict().resolved;
    if (!resolved)
        return;
    const jobs::Job& job = resolved->job;
    m_preview.setQuery({source(), job.data.trainOn == jobs::TrainOn::All, job.sequenceLength,
                        static_cast<uint64_t>(job.data.shuffleSeed), resolved->modelPath, resolved->config,
                        job.data});
}

void DataSection::showSource()
{
    const json all = sources();
    m_current = std::clamp(m_current, 0, static_cast<int>(all.size()) - 1);
    m_sources->showSources(all, m_current);
    m_sources->setVisible(all.size() > 1);
    const jobs::DataSource first = source();
    const auto put = [](QLineEdit* line, const std::string& text) {
        if (line->text() != QString::fromStdString(text))
            line->setText(QString::fromStdString(text));
    };
    put(m_path, first.path);
    put(m_imageRoot, first.imageRoot);
    m_format->setCurrentIndex(static_cast<int>(first.format));
}

void DataSection::showCounts()
{
    const DataCounts& counts = m_preview.counts();
    const bool isOpen = m_preview.problem().isEmpty() && m_preview.numRows() > 0;
    QString problem = m_form.problem("data.sources");
    if (problem.isEmpty())
        problem = m_preview.problem();
    if (problem.isEmpty())
        problem = m_preview.validationProblem();
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    m_path->setProperty("invalid", !problem.isEmpty());
    m_path->setAccessibleDescription(problem);
    m_path->update();
    QStringList said;
    if (isOpen) {
        const QString rows = words::integer(m_preview.numRows());
        said << m_preview.format()
             << (m_preview.hasAllRows() ? tr("%1 rows").arg(rows) : tr("the first %1 rows").arg(rows));
        if (m_preview.isIndexing())
            said << tr("%1 % of the file read").arg(qRound(100 * m_preview.indexed()));
        if (const auto shares = m_preview.shares(); shares && shares->heldOut > 0)
            said << tr("%1 train, %2 validate")
                        .arg(words::integer(shares->trained), words::integer(shares->heldOut));
        if (counts.pictures > 0)
            said << tr("%1 pictures").arg(words::integer(counts.pictures));
        if (counts.tokens > 0)
            said << tr("%1 tokens, %2 in the loss")
                        .arg(words::integer(counts.tokens), words::integer(counts.inLoss));
        if (counts.nextRow < m_preview.numRows())
            said << tr("counted to row %1").arg(words::integer(counts.nextRow));
    }
    m_summary->setText(said.join(QStringLiteral(", ")));
    m_stopIndexing->setVisible(m_preview.isIndexing());
    m_columns->showColumns(m_preview.columns());
    const auto& resolved = m_form.verdict().resolved;
    const int64_t limit = resolved ? resolved->job.sequenceLength : 0;
    m_histogram->showLengths(counts.rowsByLength, limit);

    const int64_t wrong = counts.bad + counts.missingPictures;
    m_bad->setVisible(wrong > 0);
    const bool skips = m_form.value("data.skip_bad") == true;
    m_bad->setTitle(
        skips ? tr("%1 rows or pictures cannot be read and are left out").arg(words::integer(wrong))
              : tr("%1 rows or pictures cannot be read: training would stop").arg(words::integer(wrong)));
    m_skip->setVisible(!skips);
    const int64_t longer = counts.longerThan(limit);
    m_cut->setVisible(limit > 0 && longer > 0);
    m_cut->setTitle(tr("%1 rows are cut at %2 tokens").arg(words::integer(longer), words::integer(limit)));
    m_longer->setText(tr("Use %1").arg(words::integer((counts.longest() + 63) / 64 * 64)));
    m_problems->setVisible(!counts.problems.empty());
    const std::shared_ptr<const DataPreview::Packs>& packs = m_preview.packs();
    m_packs->setVisible(packs != nullptr);
    if (packs)
        m_packs->setText((packs->sequences.size() == 1 ? tr("Packed: %1 sequence for %2 rows, %3 % full")
                                                       : tr("Packed: %1 sequences for %2 rows, %3 % full"))
                             .arg(words::integer(static_cast<qint64>(packs->sequences.size())),
                                  words::integer(static_cast<qint64>(packs->places.size())))
                             .arg(100 * packs->fill, 0, 'f', 1));
    m_packView->showPacks(packs);
    showPack();
}

/// The sequence of the row that is shown.
void DataSection::showPack()
{
    const std::shared_ptr<const DataPreview::Packs>& packs = m_preview.packs();
    const DataPreview::PackPlace place = packs ? packs->placeOf(m_preview.row()) : DataPreview::PackPlace();
    m_pack->setVisible(place.sequence >= 0);
    m_pack->setText(place.sequence >= 0 ? inWords(*packs, place.sequence) : QString());
    m_packBar->setAccessibleDescription(m_pack->text());
    m_packBar->showSequence(
        place.sequence >= 0 ? &packs->sequences[static_cast<size_t>(place.sequence)] : nullptr,
        packs ? packs->capacity : 0, m_preview.row());
    m_packView->select(m_preview.row());
}

void DataSection::showRow()
{
    const ShownRow& row = m_preview.shownRow();
    const auto most = static_cast<int>(std::min<int64_t>(m_preview.numRows(), 2'000'000'000));
    {
        const QSignalBlocker blocker(m_rowBox);
        m_rowBox->setRange(most > 0 ? 1 : 0, most);
        m_rowBox->setValue(static_cast<int>(m_preview.row()) + 1);
    }
    m_position->setText(tr("of %1").arg(words::integer(m_preview.numRows())));
    m_tokens->showRow(row);
    showPack();
    m_legend->setText(row.problem.isEmpty()
                          ? tr("%1 tokens: %2 in the loss, %3 of pictures")
                                .arg(words::integer(row.numTokens), words::integer(row.numInLoss),
                                     words::integer(row.numPicture))
                          : QString());
}

}  // namespace facet::ui
