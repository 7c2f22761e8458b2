#pragma once

// What the window remembers from one start to the next: studio.ini beside the library. Secrets are not among
// it.

#include <QByteArray>
#include <QObject>
#include <QSettings>
#include <QString>

namespace facet::ui {

class StudioSettings final : public QObject {
    Q_OBJECT

public:
    enum class Appearance { System, Light, Dark };

    /// `folder` is made when something is first written.
    explicit StudioSettings(const QString& folder, QObject* parent = nullptr);

    QString file() const { return m_settings.fileName(); }

    Appearance appearance() const;
    void setAppearance(Appearance appearance);

    /// Percent of the look's text sizes.
    int textPercent() const;
    void setTextPercent(int percent);

    /// What the desktop's scheme was the last time, for the first moments of the next start.
    bool wasSystemDark() const;
    void setWasSystemDark(bool isDark);

    /// "" for an engine of our own, else where one listens: "http://127.0.0.1:8080".
    QString engineAddress() const;
    void setEngineAddress(const QString& address);

    QString device() const;  ///< "auto", "cpu", "cuda:0"
    void setDevice(const QString& device);

    QByteArray windowGeometry() const;
    void setWindowGeometry(const QByteArray& geometry);
    QString page() const;
    void setPage(const QString& page);

Q_SIGNALS:
    void appearanceChanged();
    void textPercentChanged();
    void engineAddressChanged();
    void deviceChanged();

private:
    QSettings m_settings;
};

}  // namespace facet::ui
