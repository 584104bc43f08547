//! Rows of `customers` and `contact_points`.

use dunlin_domain::compliance::Place;
use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::id::{ContactPointId, CustomerId};
use dunlin_domain::postal::{LINE_LETTERS_MAX, LINES_MAX, PostalAddress};
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use super::cell::{Cell, CellCursor, CellError};
use super::table::{PortfolioRow, Table};

/// The zone of a customer whose row names none.
const ZONE_DEFAULT: &str = "Asia/Shanghai";
/// The segment of a customer whose row names none.
const SEGMENT_DEFAULT: &str = "standard";

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// The lender's id.
    pub customer_id: String,
    /// How messages address the customer.
    pub name: Personal,
    /// Of everything the customer reads.
    pub language: Language,
    /// IANA name of the time zone; one that is known.
    pub zone: String,
    /// A code of the lender's.
    pub segment: String,
    /// Channels the customer refused, in order and without repetition.
    pub opt_out_channels: Vec<Channel>,
}

impl CustomerRow {
    /// Our id.
    #[must_use]
    pub fn id(&self) -> CustomerId {
        CustomerId::of_external(&self.customer_id)
    }
}

impl PortfolioRow for CustomerRow {
    const TABLE: Table = Table::Customers;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        Ok(Self {
            customer_id: cells.id()?,
            name: cells.personal()?,
            language: cells.code_or(Language::Zh, Language::ALL, Language::code)?,
            zone: parse_zone(cells)?,
            segment: cells.id_or(SEGMENT_DEFAULT)?,
            opt_out_channels: cells.channels()?,
        })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        let channels = match self.opt_out_channels.as_slice() {
            [] => Cell::Empty,
            channels => {
                let codes: Vec<_> = channels.iter().map(|channel| channel.code()).collect();
                Cell::Owned(codes.join(";"))
            }
        };
        cells.extend([
            Cell::Text(&self.customer_id),
            Cell::Text(self.name.reveal()),
            Cell::Text(self.language.code()),
            Cell::Text(&self.zone),
            Cell::Text(&self.segment),
            channels,
        ]);
    }
}

fn parse_zone(cells: &mut CellCursor<'_>) -> Result<String, CellError> {
    let zone = cells.optional_text()?.unwrap_or_else(|| ZONE_DEFAULT.to_owned());
    match jiff::tz::TimeZone::get(&zone) {
        Ok(_) => Ok(zone),
        Err(_) => Err(cells.complain(
            wording!("时区无法识别", "is an unknown time zone"),
            wording!("请用 IANA 时区名，如 Asia/Shanghai", "use an IANA name such as Asia/Shanghai"),
        )),
    }
}

/// A number or address of a customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPointRow {
    /// The lender's id.
    pub contact_point_id: String,
    /// The lender's id of the customer whom it is on file for.
    pub customer_id: String,
    /// What it is.
    pub kind: ContactPointKind,
    /// The number, address or token; of a phone number only digits and a leading plus.
    pub value: Personal,
    /// Whose it is.
    pub party: Party,
    /// Whether it may be used.
    pub state: ContactPointState,
    /// Which of several of a kind comes first: 1 before 2.
    pub priority: u32,
}

impl ContactPointRow {
    /// Our id.
    #[must_use]
    pub fn id(&self) -> ContactPointId {
        ContactPointId::of_external(&self.contact_point_id)
    }
}

impl PortfolioRow for ContactPointRow {
    const TABLE: Table = Table::ContactPoints;

    fn parse(cells: &mut CellCursor<'_>) -> Result<Self, CellError> {
        let contact_point_id = cells.id()?;
        let customer_id = cells.id()?;
        let kind = cells.code(ContactPointKind::ALL, ContactPointKind::code)?;
        Ok(Self {
            contact_point_id,
            customer_id,
            kind,
            value: parse_value(kind, cells)?,
            party: cells.code_or(Party::Borrower, Party::ALL, Party::code)?,
            state: cells.code_or(
                ContactPointState::Active,
                ContactPointState::ALL,
                ContactPointState::code,
            )?,
            priority: cells.count_or(1)?,
        })
    }

    fn cells<'a>(&'a self, cells: &mut Vec<Cell<'a>>) {
        cells.extend([
            Cell::Text(&self.contact_point_id),
            Cell::Text(&self.customer_id),
            Cell::Text(self.kind.code()),
            Cell::Text(self.value.reveal()),
            Cell::Text(self.party.code()),
            Cell::Text(self.state.code()),
            Cell::Count(self.priority),
        ]);
    }
}

fn parse_value(kind: ContactPointKind, cells: &mut CellCursor<'_>) -> Result<Personal, CellError> {
    let value = cells.text()?;
    contact_value(kind, &value).map_err(|(complaint, remedy)| cells.complain(complaint, remedy))
}

/// A number, address or token as it is kept.
///
/// # Errors
/// What is wrong with it and what would be right, in words that follow the value.
pub fn contact_value(kind: ContactPointKind, value: &str) -> Result<Personal, (Wording, Wording)> {
    match kind {
        ContactPointKind::Phone => phone_number(value).map(Personal::new).ok_or((
            wording!("不是电话号码", "is not a phone number"),
            wording!(
                "请写 3 至 20 位数字，国家代码前加 +；空格和连字符会被忽略",
                "write 3 to 20 digits, with a plus before a country code; spaces and hyphens are dropped"
            ),
        )),
        ContactPointKind::Email if !is_email(value) => Err((
            wording!("不是电子邮件地址", "is not an e-mail address"),
            wording!("请写成 name@example.com 的形式", "write it like name@example.com"),
        )),
        ContactPointKind::Postal => postal_value(value),
        ContactPointKind::Email | ContactPointKind::Push => Ok(Personal::new(value)),
    }
}

/// An address that a letter can go to.
fn postal_value(value: &str) -> Result<Personal, (Wording, Wording)> {
    // The name stands in the customer's own row.
    let address = PostalAddress::parse(&format!("-\n{value}")).map_err(|_| {
        (
            wording!("不是邮寄地址", "is not a postal address"),
            wording!(
                "请写街道、地点（最多{LINES_MAX}行，每行最多{LINE_LETTERS_MAX}字），再写邮编和国家代码，以 | 分隔",
                "write street and place (at most {LINES_MAX} lines of {LINE_LETTERS_MAX} letters), then postcode and country, with | between them"
            ),
        )
    })?;
    let country = Some(address.country.as_str()).filter(|country| !country.is_empty());
    match country.map(Place::parse) {
        None => Ok(Personal::new(value)),
        Some(Some(place)) if place.is_real() => Ok(Personal::new(value)),
        Some(_) => Err((
            wording!("的国家代码不存在", "ends in a country that does not exist"),
            wording!(
                "最后一行请用 ISO 3166 的两个大写字母，如“CN”，英国为“GB”；本国可不写",
                "write two capital letters of ISO 3166 as its last line, such as CN, or GB for the United Kingdom, or none for the lender's own country"
            ),
        )),
    }
}

/// The digits with the plus before them, if that is all there is beside separators.
fn phone_number(value: &str) -> Option<String> {
    let number: String = value.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let is_number = (3..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(number)
}

/// One `@` with something before it and a dotted name after it. Whether it exists, its provider says.
fn is_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(local, host)| {
        let is_clean = |part: &str| !part.contains(['@', ' ', ',', ';', '<', '>']);
        let is_dotted = host.contains('.') && host.split('.').all(|label| !label.is_empty());
        !local.is_empty() && is_clean(local) && is_clean(host) && is_dotted
    })
}
