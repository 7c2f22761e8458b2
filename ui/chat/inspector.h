#pragma once

#include <QWidget>

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QGridLayout;
class QLineEdit;
class QPlainTextEdit;
class QSlider;
class QSpinBox;

namespace facet::ui {

class AdapterSection;
class ChatViewModel;
class Chip;
class Label;

/// How the open conversation is answered: preset, system prompt, adapters, sampling, pictures.
class Inspector final : public QWidget {
    Q_OBJECT

public:
    /// `viewModel` must outlive this.
    explicit Inspector(ChatViewModel& viewModel, QWidget* parent = nullptr);

    AdapterSection& adapters() { return *m_adapters; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    /// A setting as a slider and a number that follow each other.
    struct Knob {
        QSlider* slider = nullptr;
        QDoubleSpinBox* number = nullptr;
        double step = 0;
    };

    QWidget* makePreset();
    QWidget* makeSystem();
    QWidget* makeAdapters();
    QWidget* makeSampling();
    QWidget* makePictures();
    Knob addKnob(QGridLayout* grid, const QString& name, const QString& text, double least, double most,
                 double step, int decimals, const QString& help);
    void setKnob(const Knob& knob, double value);
    void showSettings();
    void applyFonts();
    void showPresets();
    void takeSampling();
    void savePreset();

    ChatViewModel& m_viewModel;
    QComboBox* m_preset = nullptr;
    Chip* m_changed = nullptr;
    QPlainTextEdit* m_system = nullptr;
    Label* m_systemTokens = nullptr;
    AdapterSection* m_adapters = nullptr;
    Knob m_temperature, m_topP, m_topK, m_minP, m_repetition;
    QSpinBox* m_longest = nullptr;
    QLineEdit* m_seed = nullptr;
    QCheckBox* m_panAndScan = nullptr;
    bool m_isShowing = false;
};

}  // namespace facet::ui
