//! To which agreement an entry belongs: by its structured reference, then its end-to-end id, then an agreement's number
//! in its text. A text that names two agreements names none.

use std::collections::HashSet;

use dunlin_domain::id::AgreementId;
use dunlin_store::incoming::IncomingRow;
use dunlin_store::{Tx, agreement};

use crate::{Engine, EngineError};

/// Words of a text that are looked at.
const WORD_COUNT_MAX: usize = 200;

/// Notes in each row the agreement that it names, if there is one.
pub(super) fn match_rows(
    _engine: &Engine,
    tx: &mut Tx<'_>,
    rows: &mut [IncomingRow],
) -> Result<(), EngineError> {
    let mut wanted: Vec<AgreementId> =
        rows.iter().flat_map(candidates).flatten().map(|name| AgreementId::of_external(&name)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let known: HashSet<AgreementId> = agreement::borrowers_of(tx, &wanted)?.into_keys().collect();
    for row in rows {
        row.named = best(row, &known);
    }
    Ok(())
}

/// The names that a row gives, in three ranks.
fn candidates(row: &IncomingRow) -> [Vec<String>; 3] {
    let structured = row.named.iter().flat_map(|reference| of_reference(reference)).collect();
    let end_to_end = row.end_to_end_id.iter().flat_map(|reference| of_reference(reference)).collect();
    let words =
        row.text.split(|letter: char| letter.is_whitespace() || ",;:，；：。()（）[]\"'".contains(letter));
    let words = words.map(|word| word.trim_matches(['.', '/', '#']).to_owned());
    [structured, end_to_end, words.filter(|word| !word.is_empty()).take(WORD_COUNT_MAX).collect()]
}

/// A reference, and what stands behind the check digits if it is an ISO 11649 creditor reference.
fn of_reference(reference: &str) -> Vec<String> {
    let plain = reference.trim();
    let mut names = vec![plain.to_owned()];
    if let Some(rest) = plain.strip_prefix("RF")
        && let Some((digits, rest)) = rest.split_at_checked(2)
        && digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        names.push(rest.trim().to_owned());
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The name of the first rank that names exactly one agreement; a rank that names two ends the search.
fn best(row: &IncomingRow, known: &HashSet<AgreementId>) -> Option<String> {
    for rank in candidates(row) {
        let mut found: Vec<String> =
            rank.into_iter().filter(|name| known.contains(&AgreementId::of_external(name))).collect();
        found.sort_unstable();
        found.dedup();
        match found.len() {
            0 => {}
            1 => return found.pop(),
            _ => return None,
        }
    }
    None
}
