//! Customers with one small debt each and one way to reach them, so that each set brings one message a customer and
//! no other; and messages that were cleared without them.

use std::path::Path;

use dunlin_domain::compliance::{Circumstances, ContactRequest, ContactRules, Content, DayCounts, clear};
use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::customer_split::Security;
use dunlin_domain::date::{Date, Timestamp};
use dunlin_domain::id::{AgreementId, AttemptId, ContactPointId, CustomerId, MessageId};
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::money::Currency;
use dunlin_domain::terms::Component;
use dunlin_engine::portfolio::{
    AgreementRow, AgreementState, ContactPointRow, CustomerRow, DecimalAmount, Format, ObligationRow,
    PortfolioError, PortfolioWriter,
};
use jiff::tz::TimeZone;

use crate::generate::{Config, GeneratedProduct};

/// The product of all agreements.
const PRODUCT: &str = "baitiao";
/// The moment at which the messages of [`cleared`] were.
pub(super) const CLEARED_AT: Timestamp = Timestamp::from_micros(1_772_416_800_000_000);
/// What they say: as long as a rendered one.
const BODY: &str = "【示例消金】尊敬的王**，您尾号 0001 的合约本期还有 ¥15.00 未还，已逾期 1 天。请尽快还款；如有困难或异议，\
    请致电 400-000-0000。";

/// Writes a portfolio in which set `k` of `count` customers, who are reached by `channels[k]`, is overdue by a day on
/// the `k`th day from `first`. What they owe is so little that they hear of it once.
pub(super) fn write(
    folder: &Path,
    channels: &[Channel],
    count: u32,
    first: Date,
) -> Result<(), PortfolioError> {
    let mut writer = PortfolioWriter::create(folder, Format::Csv)?;
    let products = Config::new(0, 1, first, 1).products;
    let of_name = |product: &&GeneratedProduct| product.row.product == PRODUCT;
    writer.write(&products.iter().find(of_name).expect("the product is shipped").row)?;
    for (set, channel) in (0_u32..).zip(channels) {
        let due_on = first.plus_days(i32::try_from(set).unwrap_or(0) - 1);
        for index in 0..count {
            write_customer(&mut writer, set, index, *channel, due_on)?;
        }
    }
    writer.finish()
}

fn write_customer(
    writer: &mut PortfolioWriter,
    set: u32,
    index: u32,
    channel: Channel,
    due_on: Date,
) -> Result<(), PortfolioError> {
    let (customer_id, agreement_id) = (format!("C{set}-{index}"), format!("A{set}-{index}"));
    writer.write(&CustomerRow {
        customer_id: customer_id.clone(),
        name: Personal::new("王示例"),
        language: Language::Zh,
        zone: "Asia/Shanghai".to_owned(),
        segment: "standard".to_owned(),
        opt_out_channels: Vec::new(),
    })?;
    let kind = kind_of(channel);
    writer.write(&ContactPointRow {
        contact_point_id: format!("P{set}-{index}"),
        customer_id: customer_id.clone(),
        kind,
        value: recipient(kind, set, index),
        party: Party::Borrower,
        state: ContactPointState::Active,
        priority: 1,
    })?;
    writer.write(&AgreementRow {
        agreement_id: agreement_id.clone(),
        customer_id,
        product: PRODUCT.to_owned(),
        currency: Currency::CNY,
        opened_on: due_on.plus_days(-40),
        credit_limit: decimal("1000.00"),
        statement_day: None,
        reported: false,
        state: AgreementState::Active,
        closed_on: None,
        security: Security::None,
    })?;
    writer.write(&ObligationRow {
        obligation_id: "O-1".to_owned(),
        agreement_id,
        component: Component::Principal,
        due_on,
        amount: decimal("15.00"),
        currency: None,
    })
}

fn kind_of(channel: Channel) -> ContactPointKind {
    let serves = |kind: &&ContactPointKind| kind.serves(channel);
    *ContactPointKind::ALL.iter().find(serves).expect("each channel has a kind of contact point")
}

/// A number that is nobody's, or an address at `example.com`.
fn recipient(kind: ContactPointKind, set: u32, index: u32) -> Personal {
    match kind {
        ContactPointKind::Email => Personal::new(format!("c{set}-{index}@example.com")),
        _ => Personal::new(format!("10{:01}{index:08}", set % 10)),
    }
}

fn decimal(text: &str) -> DecimalAmount {
    DecimalAmount::parse(text).expect("a decimal amount")
}

/// Message `index` of client `number`, cleared by rules that forbid nothing.
pub(super) fn cleared(channel: Channel, number: u32, index: u32) -> ClearedMessage {
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let name = format!("bare-{number}-{index}");
    let kind = kind_of(channel);
    let request = ContactRequest {
        message: MessageId::of_external(&name),
        attempt: AttemptId::of_external(&name),
        agreement: AgreementId::of_external(&name),
        customer: CustomerId::of_external(&name),
        channel,
        party: Party::Borrower,
        contact_point: ContactPointId::of_external(&name),
        contact_point_kind: kind,
        contact_point_state: ContactPointState::Active,
        opted_out: Vec::new(),
        holds: Vec::new(),
        last_contacted_on: None,
        counts: DayCounts::new(CLEARED_AT.date_in(&zone)),
        agreed_windows: Vec::new(),
        zone: zone.clone(),
        valid_until: CLEARED_AT.plus_seconds(3_600),
        circumstances: Circumstances::default(),
    };
    let content = Content {
        recipient: recipient(kind, number, index),
        subject: Personal::new("您的账单已逾期 1 天"),
        body: Personal::new(BODY),
        language: Language::Zh,
        template: String::new(),
    };
    clear(&[&ContactRules::unlimited("none", zone)], &request, content, CLEARED_AT)
        .expect("no rule is switched on")
}
