//! Ids as people read and type them: a prefix, `_`, and 32 hexadecimal digits.

use dunlin_domain::id::{Key, PART_COUNT, Part};

/// The text form of an id.
pub(crate) fn text_of(prefix: &str, id: [u8; 16]) -> String {
    format!("{prefix}_{}", Key(id))
}

/// Reads the text form; nothing else.
pub(crate) fn parse(prefix: &str, text: &str) -> Option<[u8; 16]> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?;
    Key::parse(digits).map(|key| key.0)
}

/// The same of an id that names its part in the first two bytes.
pub(crate) fn parse_with_part(prefix: &str, text: &str) -> Option<(Part, [u8; 16])> {
    let id = parse(prefix, text)?;
    let part = u16::from_be_bytes([id[0], id[1]]);
    (part < PART_COUNT).then(|| (Part::new(part), id))
}
