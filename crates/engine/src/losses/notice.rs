//! The notice of an assignment to the customer (债权转让通知, Civil Code art. 546).
//!
//! It goes through clearing, the outbox and receipts like any message; its receipt is the proof that the customer was
//! told. It asks for no payment to us, so that it is sent though nothing is owed to us any more.

use dunlin_domain::compliance::ContactRules;
use dunlin_domain::contact::Channel;
use dunlin_domain::day::{Contactable, Person, contactable};
use dunlin_domain::id::MessageId;
use dunlin_domain::message::MessageState;
use dunlin_domain::verdict::PlannedMessage;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::loss::{self, SaleRow};
use dunlin_store::message::{self, MessageRow, NewMessage};
use dunlin_store::{Tx, audit, customer};

use super::is_recorded;
use crate::payment::Context;
use crate::{Engine, EngineError, guard, text_id};

/// The template of the notice.
pub(crate) const SALE_TEMPLATE: &str = "assignment_notice";
/// What stands in place of a strategy on a message that no strategy decided.
pub(crate) const NOTICE: &str = "notice";
/// Days that a notice may take: it stays true.
const VALIDITY_DAYS: i64 = 14;
/// The channels in the order in which they are tried: what leaves the best proof first.
const CHANNELS: [Channel; 4] = [Channel::Sms, Channel::Email, Channel::Letter, Channel::Push];

/// What a notice says of the assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub sale: SaleRow,
    /// What was owed.
    pub owed: dunlin_domain::money::Money,
}

/// Whether a message is a notice of this sale.
pub(super) fn is_notice_of(sale: &SaleRow) -> impl Fn(&MessageRow) -> bool {
    let own = text_id::text_of("sal", sale.id);
    move |message| message.strategy == NOTICE && message.row == own
}

impl Engine {
    /// Puts a notice into the outbox, unless one is on its way or has arrived; `false` where nothing was added.
    ///
    /// Where the rules allow no channel, or the customer has no contact point, nothing is added: the sale shows the
    /// agreement as one whose customer was not told.
    pub(super) fn plan_notice(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        sale: &SaleRow,
        context: Context<'_>,
    ) -> Result<bool, EngineError> {
        let wake_on = self.wake_date(tx)?;
        // In a rehearsal the outbox lives in the days that are rehearsed.
        let now = self.learned_at(context.caller.now, wake_on);
        let earlier: Vec<MessageRow> =
            message::of_agreement(tx, row.part, row.id)?.into_iter().filter(is_notice_of(sale)).collect();
        let came_to_nothing = |state: MessageState| {
            matches!(state, MessageState::Failed | MessageState::Expired | MessageState::Cancelled)
        };
        if earlier.iter().any(|notice| !came_to_nothing(notice.state)) {
            return Ok(false);
        }
        let today = now.date_in(&self.zone);
        let template = context.policies.template(SALE_TEMPLATE, today)?;
        let views = customer::views(tx, &[row.customer])?;
        let Some(view) = views.get(&row.customer) else { return Ok(false) };
        let points = customer::point_views(tx, &[row.customer])?.remove(&row.customer).unwrap_or_default();
        let documents = context.policies.contact_packs(today)?;
        let packs: Vec<&ContactRules> = documents.iter().map(|document| &document.rules).collect();
        let zone = crate::zone_of(&view.zone)?;
        let agreements = std::iter::once((row.customer, row.id));
        let known = guard::known_in_full(tx, &packs, &views, agreements, &[])?;
        let Some(known) = known.get(&row.customer) else { return Ok(false) };
        let person = Person { points: &points, known, zone: &zone, zone_name: &view.zone };
        let expires_at = now.plus_seconds(VALIDITY_DAYS * 86_400);
        let asked = Contactable {
            packs: &packs,
            product: &row.product,
            agreement: row.id,
            customer: row.customer,
            person: &person,
            moment: now,
            valid_until: expires_at,
        };
        let spoken = CHANNELS.iter().filter(|channel| template.template.channels().contains(channel));
        let found = spoken.into_iter().find_map(|channel| {
            contactable(&asked, *channel).ok().map(|(point, not_before)| (*channel, point, not_before))
        });
        let Some((channel, point, not_before)) = found else { return Ok(false) };
        let index = u32::try_from(earlier.len()).unwrap_or(u32::MAX);
        let planned = PlannedMessage {
            id: MessageId::of_notice(row.customer, row.id, &sale.id, index),
            agreement: row.id,
            customer: row.customer,
            contact_point: Some(point),
            channel: Some(channel),
            template: SALE_TEMPLATE.to_owned(),
            held_by: None,
            replaces: None,
            not_before,
            expires_at,
        };
        let (language, sale_id) = (view.language, text_id::text_of("sal", sale.id));
        let id = planned.id;
        let new = NewMessage { planned, language, strategy: NOTICE.to_owned(), row: sale_id.clone() };
        let business_date = dunlin_domain::date::BusinessDate(wake_on.max(sale.sold_on));
        message::insert(tx, &[new], business_date, now)?;
        let entry = audit::Entry {
            at: context.caller.now,
            actor: context.caller.actor,
            action: "sale.notice",
            subject: &format!("{} {id}", row.external_id),
            before: None,
            after: Some(channel.code()),
            cause: &sale_id,
        };
        audit::append(tx, row.part, &entry)?;
        Ok(true)
    }

    /// What the notices of agreements say, where they were sold.
    pub(crate) fn assignment_of(
        &self,
        tx: &mut Tx<'_>,
        message: &MessageRow,
    ) -> Result<Option<Assignment>, EngineError> {
        let losses = loss::of_agreement(tx, message.part, message.agreement)?;
        let named = losses
            .into_iter()
            .filter(is_recorded)
            .find(|loss| loss.sale.is_some_and(|sale| text_id::text_of("sal", sale) == message.row));
        let Some(loss) = named else { return Ok(None) };
        let sale = match loss.sale {
            Some(sale) => loss::find_sale(tx, sale)?,
            None => None,
        };
        Ok(sale.map(|sale| Assignment { sale, owed: loss.owed }))
    }
}
