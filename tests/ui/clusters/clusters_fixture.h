#pragma once

// The Clusters page over a folder of its own, with a job in it.

#include "tests/ui/pictures.h"
#include "ui/clusters/clusters_page.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

namespace facet::ui {

struct ClustersFixture {
    QTemporaryDir home;
    std::unique_ptr<ClustersPage> page;

    ClustersFixture()
    {
        Theme::install(*qApp, Theme::Scheme::Light);
        QFile job(path("job.json"));
        if (job.open(QIODevice::WriteOnly))
            job.write(
                R"({"facet_job": 1, "name": "receipts", "model": {"base": "google/gemma-3-4b-it"}, "steps": 100,
                          "data": {"sources": [{"path": "/data/receipts.jsonl"}]}})");
        job.close();
        open();
    }

    /// As after a restart of the studio.
    void open()
    {
        page = std::make_unique<ClustersPage>(home.path().toStdString(), SOURCE_DIR "/resources/recipes",
                                              "/bin/true");
        page->resize(1368, 872);
        page->show();
    }

    QString path(const QString& name) const { return home.filePath(name); }

    template <typename T>
    T* find(const char* name) const
    {
        return page->findChild<T*>(QString::fromLatin1(name));
    }

    void picture(const QString& name) const { savePictures(*page, QStringLiteral(SCREENSHOTS), name); }
};

}  // namespace facet::ui
