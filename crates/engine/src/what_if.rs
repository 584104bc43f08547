//! What an agreement and a day look like to whoever asks the day's decision without making it: previews, fallbacks and the
//! shadow plan. One spelling, so that they ask the same question as the day does.

use dunlin_domain::arrears::Arrears;
use dunlin_domain::compliance::ContactRules;
use dunlin_domain::contact::Channel;
use dunlin_domain::date::{BusinessDate, Timestamp};
use dunlin_domain::day::{DayAgreement, DayPolicy};
use dunlin_domain::gentle_mode::GentleMode;
use dunlin_domain::pause::Pause;
use dunlin_domain::position::Position;
use dunlin_domain::strategy::StrategyTable;
use dunlin_domain::terms::Terms;
use dunlin_store::agreement::AgreementRow;

use crate::MESSAGE_VALIDITY_HOURS;

/// The agreement as it is asked about, with what was kept of it. What only a day's own run needs is left out: facts that
/// came in, days without a verdict, the spread of a catch-up; contacts that were made and channels that are full are added
/// by who knows them.
pub(crate) fn agreement<'a>(
    row: &'a AgreementRow,
    terms: &'a Terms,
    position: &'a Position,
    arrears: &'a Arrears,
) -> DayAgreement<'a> {
    DayAgreement {
        id: row.id,
        customer: row.customer,
        terms,
        segment: &row.segment,
        is_reported: row.is_reported,
        before: row.standing.as_ref(),
        position,
        arrears,
        uncovered: &[],
        unworked: &[],
        latest_fact: None,
        must_redo: false,
        next_fact_on: None,
        new_facts: &[],
        suspends_from_days: None,
        turn: None,
        contacts: 0,
        channels_full: &[],
    }
}

/// What holds besides the agreement on a day that is asked about.
pub(crate) struct Around<'a> {
    pub pauses: &'a [Pause],
    pub modes: &'a [GentleMode],
    pub packs: Vec<&'a ContactRules>,
    pub channels_down: &'a [Channel],
    pub channels_unserved: &'a [Channel],
}

/// The day as it is asked about: in time, at a moment of it.
pub(crate) fn policy<'a>(
    date: BusinessDate,
    moment: Timestamp,
    strategy: &'a StrategyTable,
    around: Around<'a>,
) -> DayPolicy<'a> {
    DayPolicy {
        business_date: date,
        moment,
        is_late: false,
        first_day: date,
        late_from: None,
        strategy,
        pauses: around.pauses,
        modes: around.modes,
        packs: around.packs,
        channels_down: around.channels_down,
        channels_unserved: around.channels_unserved,
        validity_hours: MESSAGE_VALIDITY_HOURS,
    }
}
