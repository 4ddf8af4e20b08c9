//! Tables for a terminal of 80 columns: cells side by side, the last column folded.

use unicode_width::UnicodeWidthStr as _;

/// The columns of a terminal.
pub(super) const WIDTH: usize = 80;
/// Columns that the last cell has at least.
const LEAST: usize = 24;
const GAP: usize = 2;
/// A space at which no line ends.
pub(super) const HARD: &str = "\u{a0}";

/// Rows of cells. The first row is the head.
#[derive(Default)]
pub(super) struct Table {
    indent: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn indented(indent: usize) -> Self {
        Self { indent, rows: Vec::new() }
    }

    pub(super) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    pub(super) fn text(&self) -> String {
        let widths = self.widths();
        let before: usize = self.indent + widths.iter().rev().skip(1).map(|width| width + GAP).sum::<usize>();
        let last = WIDTH.saturating_sub(before).max(LEAST);
        self.rows.iter().map(|row| self.line(row, &widths, before, last)).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| self.rows.iter().filter_map(|row| Some(row.get(column)?.width())).max().unwrap_or(0);
        (0..columns).map(width).collect()
    }

    fn line(&self, row: &[String], widths: &[usize], before: usize, last: usize) -> String {
        let mut text = " ".repeat(self.indent);
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            if column + 1 == widths.len() {
                text.push_str(&textwrap::wrap(cell, last).join(&format!("\n{}", " ".repeat(before))));
            } else {
                text.push_str(cell);
                text.push_str(&" ".repeat(width - cell.width() + GAP));
            }
        }
        format!("{}\n", text.trim_end().replace(HARD, " "))
    }
}

/// A sentence, folded, with its first line after `head`.
pub(super) fn folded(head: &str, text: &str) -> String {
    let indent = " ".repeat(head.width());
    format!("{head}{}\n", textwrap::wrap(text, WIDTH - head.width()).join(&format!("\n{indent}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_each_other_and_the_last_is_folded() {
        let mut table = Table::indented(2);
        table.row(["a", "bc", "what"]);
        table.row(["long", "x", &"word ".repeat(20)]);
        let text = table.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "  a     bc  what");
        assert!(lines[1].starts_with("  long  x   word word"), "{text}");
        assert!(lines[2].starts_with("            word"), "{text}");
        assert!(lines.iter().all(|line| line.width() <= WIDTH));
    }
}
