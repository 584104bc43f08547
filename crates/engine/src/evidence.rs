//! Which fact is the evidence of a verdict: the one that made it so.

use std::cmp::Reverse;

use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::fact::{Fact, FactKind};
use dunlin_domain::id::FactId;

/// Facts that are tried at most. The one that decided is among the last few that came in; many more at once are an import
/// of a whole history, of which the last is named.
const TRIED_COUNT_MAX: usize = 24;

/// The order in which facts came in. Of one moment, as an import has, what undoes comes after what it undoes.
fn came_in(fact: &Fact) -> (Timestamp, Date, bool, FactKind, FactId) {
    (fact.learned_at, fact.value_on, fact.kind.is_undoing(), fact.kind, fact.id)
}

/// The last fact by the day from which it counts; of one day the last that came in.
pub(crate) fn last_by_value_date<'f>(facts: impl Iterator<Item = &'f Fact>) -> Option<&'f Fact> {
    facts.max_by_key(|fact| (fact.value_on, came_in(fact)))
}

/// The last fact that came in, of those that `is_candidate` admits.
pub(crate) fn latest(facts: &[Fact], is_candidate: impl Fn(&Fact) -> bool) -> Option<FactId> {
    facts.iter().filter(|fact| is_candidate(fact)).max_by_key(|fact| came_in(fact)).map(|fact| fact.id)
}

/// The last fact that came in without which `is_so` would not hold: of those that `is_candidate` admits, and else simply
/// the last of them. `is_so` is asked of all facts but one and those that act on it, and holds for all together.
pub(crate) fn decisive<E>(
    facts: &[Fact],
    is_candidate: impl Fn(&Fact) -> bool,
    is_so: impl Fn(&[Fact]) -> Result<bool, E>,
) -> Option<FactId> {
    let mut tried: Vec<&Fact> = facts.iter().filter(|fact| is_candidate(fact)).collect();
    tried.sort_by_key(|fact| Reverse(came_in(fact)));
    let decides = |fact: &&&Fact| {
        let rest: Vec<Fact> = facts
            .iter()
            .filter(|other| other.id != fact.id && other.target != Some(fact.id))
            .cloned()
            .collect();
        // Without it the rest may make no sense; then it is what they hang on, and not what decided.
        is_so(&rest).is_ok_and(|is_so| !is_so)
    };
    let found = tried.iter().take(TRIED_COUNT_MAX).find(decides).or(tried.first());
    found.map(|fact| fact.id)
}
