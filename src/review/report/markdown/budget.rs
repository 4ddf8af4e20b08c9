//! Text that never grows beyond its limit.
//!
//! Promises: a piece is there whole or not at all; what closes a list is paid for before its items are.

/// A text with a limit.
pub(super) struct Budget {
    text: String,
    /// Bytes that may be there, without those that are kept for the end.
    limit: usize,
    /// Bytes that may be there at the end.
    whole: usize,
}

/// The most bytes of the line that counts what is left out.
const REMAINDER: usize = 60;

impl Budget {
    pub(super) fn new(limit: usize, kept: usize) -> Self {
        Self { text: String::new(), limit: limit.saturating_sub(kept), whole: limit }
    }

    /// Bytes that are left.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.text.len())
    }

    /// Adds a piece that fits.
    pub(super) fn push(&mut self, piece: &str) -> bool {
        let fits = piece.len() <= self.room();
        if fits {
            self.text.push_str(piece);
        }
        fits
    }

    /// Leaves a share of what is left, in percent, to what comes after.
    pub(super) fn within(&mut self, percent: usize, then: impl FnOnce(&mut Self)) {
        let limit = self.limit;
        self.limit = self.text.len() + self.room() * percent / 100;
        then(self);
        self.limit = limit;
    }

    /// Adds a head, the items that fit, a line about the rest, and what closes it.
    pub(super) fn list(
        &mut self,
        head: &str,
        close: &str,
        items: impl ExactSizeIterator<Item = String>,
        remainder: impl Fn(usize) -> String,
    ) {
        if items.len() == 0 || self.room() < head.len() + close.len() + REMAINDER {
            return;
        }
        self.push(head);
        let (count, limit) = (items.len(), self.limit);
        self.limit -= close.len() + REMAINDER;
        let shown = items.map(|item| self.push(&item)).take_while(|fits| *fits).count();
        self.limit = limit;
        if shown < count {
            self.push(&remainder(count - shown));
        }
        self.push(close);
    }

    /// The text, with what was kept room for.
    pub(super) fn finish(mut self, last: &str) -> String {
        self.limit = self.whole;
        self.push(last);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_list_is_whole_or_not_there(limit in 0usize..400, count in 0usize..40) {
            let mut page = Budget::new(limit, 10);
            page.within(50, |page| page.list("<ul>", "</ul>", vec!["<li>".to_owned(); count].into_iter(), |left| format!("{left} more")));
            let text = page.finish("end");
            prop_assert!(text.len() <= limit);
            prop_assert_eq!(text.matches("<ul>").count(), text.matches("</ul>").count());
            let shown = text.matches("<li>").count();
            prop_assert!(!text.contains("<ul>") || shown == count || text.contains(&format!("{} more", count - shown)), "{}", text);
        }
    }
}
