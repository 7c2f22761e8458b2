#include "ui/runs/samples_view.h"

#include "ui/background.h"
#include "ui/models/words.h"
#include "ui/theme/theme.h"

#include <QDir>
#include <QImageReader>

namespace facet::ui {

static constexpr int kPictureHeight = 96;

SamplesView::SamplesView(QWidget* parent) : QTextBrowser(parent)
{
    setObjectName(QStringLiteral("runSamples"));
    setAccessibleName(tr("Samples"));
    setFrameShape(QFrame::NoFrame);
    setOpenLinks(false);
    setTabChangesFocus(true);
    setFont(Theme::font(TextStyle::Body));
    document()->setDocumentMargin(space::kM);
    connect(Theme::notifier(), &ThemeNotifier::changed, this, [this] {
        setFont(Theme::font(TextStyle::Body));
        clearSamples();
    });
}

void SamplesView::clearSamples()
{
    clear();
    m_numShown = 0;
    m_asked.clear();
}

void SamplesView::show(const std::filesystem::path& run, const core::RunHistory& history)
{
    m_run = QString::fromStdString(run.string());
    if (history.samples.size() < m_numShown)
        clearSamples();
    const QString grey = Theme::color(Role::Text3).name();
    for (; m_numShown < history.samples.size(); ++m_numShown) {
        const auto& sample = std::get<core::SampleEvent>(history.samples[m_numShown].what);
        const auto html = [](const std::string& text) {
            return QString::fromStdString(text).toHtmlEscaped().replace(u'\n', QStringLiteral("<br>"));
        };
        QString text = QStringLiteral("<p style='color:%1'>%2</p>")
                           .arg(grey, tr("step %1").arg(words::integer(sample.step)));
        if (!sample.image.empty()) {
            const QString path = QDir(m_run).absoluteFilePath(QString::fromStdString(sample.image));
            text += QStringLiteral("<p><img src='%1' height='%2'></p><p style='color:%3'>%4</p>")
                        .arg(QUrl::fromLocalFile(path).toString(QUrl::FullyEncoded))
                        .arg(kPictureHeight)
                        .arg(grey, html(sample.image));
        }
        text += QStringLiteral("<p><b>%1</b></p><p>%2</p><hr>").arg(html(sample.prompt), html(sample.text));
        append(text);
    }
}

/// Pictures are read in a thread of the pool; until then there is none.
QVariant SamplesView::loadResource(int type, const QUrl& name)
{
    if (type != QTextDocument::ImageResource || !name.isLocalFile())
        return {};
    const QString address = name.toString();
    if (m_pictures.contains(address))
        return m_pictures[address];
    if (!m_asked.contains(address)) {
        m_asked.insert(address);
        runInBackground(
            this,
            [path = name.toLocalFile()] {
                QImageReader reader(path);
                reader.setAutoTransform(true);
                const QSize size = reader.size();
                if (size.height() > kPictureHeight)
                    reader.setScaledSize(size.scaled(size.width(), 2 * kPictureHeight, Qt::KeepAspectRatio));
                return reader.read();
            },
            [this, name, address](const QImage& picture) {
                if (picture.isNull())
                    return;
                m_pictures.insert(address, picture);
                document()->addResource(QTextDocument::ImageResource, name, picture);
                document()->markContentsDirty(0, document()->characterCount());
            });
    }
    static const QImage kNothing(1, kPictureHeight, QImage::Format_ARGB32_Premultiplied);
    return kNothing;
}

}  // namespace facet::ui
