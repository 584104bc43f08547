//! A letter as a page that is folded into an envelope with a window (DL or C5): the address stands where the window is.

use dunlin_delivery::Letter;

use super::{Block, Content};

/// A letter as it is set.
pub struct LetterSheet {
    /// What it says, and what stands at the head and foot of every page.
    pub content: Content,
    /// The lines of the address, the name first.
    pub envelope: Vec<String>,
    /// Who it goes back to, in small type above the address.
    pub return_line: String,
    /// Place, date and reference, on the right.
    pub dated: Vec<String>,
}

/// What a letter's sender is: the same for all letters in one language.
pub struct Sender {
    /// The name.
    pub name: String,
    /// Name and address on one line, for the envelope's window.
    pub return_line: String,
    /// How to reach them, at the foot of every page.
    pub foot: String,
}

impl LetterSheet {
    /// Sets a letter from `sender`; `words` are the names of date and reference in its language.
    #[must_use]
    pub fn of(letter: &Letter, sender: &Sender, words: (&str, &str), dated: String) -> Self {
        let id = letter.id.to_string();
        // Enough of it to find the message by, and short enough to be read out.
        let reference: String = id.chars().take(16).collect();
        let content = Content {
            language: letter.language,
            sender: sender.name.clone(),
            title: letter.subject.clone(),
            addressee: String::new(),
            subject: format!("{} {reference}", words.1),
            blocks: blocks_of(&letter.body),
            foot: sender.foot.clone(),
        };
        let dated = vec![format!("{} {dated}", words.0), format!("{} {reference}", words.1)];
        let return_line = sender.return_line.clone();
        Self { content, envelope: letter.address.envelope(), return_line, dated }
    }
}

/// The text in blocks: lines that begin with two blanks are names and values, others are paragraphs.
fn blocks_of(body: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for line in body.trim().lines() {
        let fact = line.strip_prefix("  ").and_then(fact_of);
        match (fact, blocks.last_mut()) {
            (Some(fact), Some(Block::Facts(facts))) => facts.push(fact),
            (Some(fact), _) => blocks.push(Block::Facts(vec![fact])),
            (None, _) => blocks.push(Block::Text(line.trim().to_owned())),
        }
    }
    blocks
}

fn fact_of(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('：').or_else(|| line.split_once(": "))?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_set_in_are_names_and_values() {
        let blocks = blocks_of("王**：\n\n您有欠款：\n  金额：1.00元\n  到期日：2月10日\n谢谢\n");
        let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            blocks,
            [
                Block::Text("王**：".to_owned()),
                Block::Text(String::new()),
                Block::Text("您有欠款：".to_owned()),
                Block::Facts(vec![fact("金额", "1.00元"), fact("到期日", "2月10日")]),
                Block::Text("谢谢".to_owned()),
            ]
        );
        assert_eq!(
            blocks_of("a\n  Outstanding: CNY 1"),
            [Block::Text("a".to_owned()), Block::Facts(vec![fact("Outstanding", "CNY 1")]),]
        );
    }
}
