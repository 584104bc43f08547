//! Rows of `contacts`: what was sent and called before the portfolio was loaded.

use dunlin_domain::contact::Channel;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{AgreementId, ContactPointId, CustomerId};
use dunlin_domain::wording;

use super::cell::{Cell, CellCursor, CellError};
use super::code::PastOutcome;
use super::table::{PortfolioRow, Table};

/// A contact made before the portfolio was loaded; counts for frequency caps and histories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastContactRow {
    /// The lender's id.
    pub contact_id: String,
    /// The lender's id of the customer whom it was made to.
    pub customer_id: String,
    /// The lender's id of the agreement, where it was about one.
    pub agreement_id: Option<String>,
    /// The medium.
    pub channel: Channel,
    /// When it was sent, or the call was made.
    pub sent_at: Timestamp,
    /// What became of it; of a call exactly when the channel is voice.
    pub outcome: PastOutcome,
    /// The lender's id of the number or address, where it is known.
    pub contact_point_id: Option<String>,
}

impl PastContactRow {
    /// Our id of the customer.
    #[must_use]
    pub fn customer(&self) -> CustomerId {
        CustomerId::of_external(&self.customer_id)
    }

    /// Our id of the agreement.
    #[must_use]
    pub fn agreement(&self) -> Option<AgreementId> {
        self.agreement_id.as_deref().map(AgreementId::of_external)
    }

    /// Our id of the number or address.
    #[must_use]
    pub fn contact_point(&self) -> Option<ContactPointId> {
        self.contact_point_id.as_deref().map(ContactPointId::of_external)
    }
}

impl PortfolioRow for PastContactRow {
    const TABLE: Table = Table::Contacts;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        let contact_id = cells.id()?;
        let customer_id = cells.id()?;
        let agreement_id = cells.optional_id()?;
        let channel = cells.code(Channel::ALL, Channel::code)?;
        let sent_at = cells.moment()?;
        let outcome = cells.code(PastOutcome::ALL, PastOutcome::code)?;
        if outcome.is_of_a_call() != (channel == Channel::Voice) {
            let of_call =
                PastOutcome::ALL.iter().filter(|known| known.is_of_a_call() == (channel == Channel::Voice));
            let codes: Vec<_> = of_call.map(|known| known.code()).collect();
            return Err(cells.complain(
                wording!("不是 {channel} 触达会有的结果", "does not become of a contact by {channel}"),
                wording!("请用 {} 之一", "use one of {}", codes.join(", ")),
            ));
        }
        let contact_point_id = cells.optional_id()?;
        Ok(Self { contact_id, customer_id, agreement_id, channel, sent_at, outcome, contact_point_id })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        cells.extend([
            Cell::Text(&self.contact_id),
            Cell::Text(&self.customer_id),
            Cell::of_option(self.agreement_id.as_deref()),
            Cell::Text(self.channel.code()),
            Cell::Moment(self.sent_at),
            Cell::Text(self.outcome.code()),
            Cell::of_option(self.contact_point_id.as_deref()),
        ]);
    }
}
