//! Colours and box characters.

use miette::{GraphicalTheme, ThemeCharacters, ThemeStyles};
use owo_colors::{OwoColorize, Style};

use crate::diagnostic::{Options, Severity};

/// What things look like; without colour every style is plain.
pub(super) struct Theme {
    pub(super) strong: Style,
    pub(super) faint: Style,
    /// A label that is not the finding's own.
    pub(super) other: Style,
    /// `why:`, `help:`
    pub(super) key: Style,
    /// New text.
    pub(super) added: Style,
    color: bool,
    unicode: bool,
}

impl Theme {
    pub(super) fn new(options: &Options) -> Self {
        let styled = |style: Style| if options.color { style } else { Style::new() };
        Self {
            strong: styled(Style::new().bold()),
            faint: styled(Style::new().dimmed()),
            other: styled(Style::new().bright_blue()),
            key: styled(Style::new().cyan()),
            added: styled(Style::new().green()),
            color: options.color,
            unicode: options.unicode,
        }
    }

    /// A finding's own label; its headline is bold as well.
    pub(super) fn severity(&self, severity: Severity) -> Style {
        match severity {
            _ if !self.color => Style::new(),
            Severity::Error => Style::new().red(),
            Severity::Warning => Style::new().yellow(),
            Severity::Note => Style::new().cyan(),
        }
    }

    pub(super) fn headline(&self, severity: Severity) -> Style {
        let style = self.severity(severity);
        if self.color { style.bold() } else { style }
    }

    /// Stands for text left out.
    pub(super) fn gap(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    fn characters(&self) -> ThemeCharacters {
        if self.unicode {
            return ThemeCharacters::unicode();
        }
        ThemeCharacters { underbar: '^', ..ThemeCharacters::ascii() }
    }

    /// The line below the last frame of a block.
    pub(super) fn closing(&self) -> String {
        let characters = self.characters();
        std::iter::once(characters.lbot).chain(std::iter::repeat_n(characters.hbar, 4)).collect()
    }

    /// The theme of a frame whose labels have these styles, in order; `first` where it opens the block.
    pub(super) fn frame(&self, highlights: Vec<Style>, first: bool) -> GraphicalTheme {
        let mut characters = self.characters();
        if !first {
            characters.ltop = characters.lcross;
        }
        let plain = Style::new();
        let styles = ThemeStyles {
            error: plain,
            warning: plain,
            advice: plain,
            help: plain,
            link: self.strong,
            linum: self.faint,
            highlights,
        };
        GraphicalTheme { characters, styles }
    }
}

/// The text in a style; nothing around it where the style is plain.
pub(super) fn paint(text: &str, style: Style) -> String {
    if text.is_empty() || style.is_plain() { text.to_owned() } else { text.style(style).to_string() }
}
