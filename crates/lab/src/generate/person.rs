//! Who a generated customer is and how they are reached. All of it is made up, and recognisably so.

use dunlin_domain::contact::{Channel, ContactPointKind, ContactPointState, Language, Party, Personal};
use dunlin_domain::money::Rate;
use dunlin_engine::portfolio::{ContactPointRow, CustomerRow};

use super::Config;
use crate::random::{Purpose, Stream};

/// Kinds of draws for a person, each from a stream of its own.
const PROFILE: u64 = 0;
const REACHED: u64 = 1;
const AGREEMENTS: u64 = 2;

fn percent(percent: i64) -> Rate {
    Rate::from_millionths(percent * 10_000)
}

/// `letter` and `number` with at least eight digits, and `suffix`.
pub(super) fn reference(letter: &str, number: u64, suffix: &str) -> String {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    let mut left = number;
    while left > 0 || start > digits.len() - 8 {
        start -= 1;
        digits[start] = b'0' + (left % 10) as u8;
        left /= 10;
    }
    let mut text = String::with_capacity(letter.len() + suffix.len() + 20);
    text.push_str(letter);
    text.extend(digits[start..].iter().map(|digit| char::from(*digit)));
    text.push_str(suffix);
    text
}

/// What the portfolio calls customer `number`.
pub(super) fn customer_id(number: u64) -> String {
    reference("C", number, "")
}

/// Customer `number`.
pub(super) fn customer(seed: u64, number: u64) -> CustomerRow {
    let mut draw = Stream::new(seed, number, Purpose::Person, PROFILE);
    let language = if draw.chance(percent(2)) { Language::En } else { Language::Zh };
    let zone = if draw.chance(percent(2)) { "Asia/Urumqi" } else { "Asia/Shanghai" };
    let segment = match draw.below(20) {
        0..=1 => "student",
        2..=4 => "new",
        _ => "standard",
    };
    // Refusals of voice are commoner than of text, in the ratio of complaints about them. [A]
    let refused = match draw.below(1000) {
        0..=19 => vec![Channel::Voice],
        20..=22 => vec![Channel::Sms],
        23 => vec![Channel::Sms, Channel::Voice],
        _ => Vec::new(),
    };
    CustomerRow {
        customer_id: customer_id(number),
        name: Personal::new(reference("客户", number, "")),
        language,
        zone: zone.to_owned(),
        segment: segment.to_owned(),
        opt_out_channels: refused,
    }
}

/// A phone for nearly everybody, an address for most, a second phone and a named contact person for some.
pub(super) fn contact_points(seed: u64, number: u64) -> Vec<ContactPointRow> {
    let mut draw = Stream::new(seed, number, Purpose::Person, REACHED);
    let point = |suffix: &str, kind, value: String, party, priority| ContactPointRow {
        contact_point_id: reference("C", number, suffix),
        customer_id: customer_id(number),
        kind,
        value: Personal::new(value),
        party,
        state: ContactPointState::Active,
        priority,
    };
    // Eleven digits that begin with 100 to 102: no mobile number does.
    let phone = |suffix, start, party, priority| {
        point(suffix, ContactPointKind::Phone, reference(start, number % 100_000_000, ""), party, priority)
    };
    let mut points = Vec::with_capacity(4);
    if draw.chance(percent(99)) {
        points.push(phone("-P1", "100", Party::Borrower, 1));
    }
    if draw.chance(percent(85)) {
        let value = reference("c", number, "@example.com");
        points.push(point("-E1", ContactPointKind::Email, value, Party::Borrower, 1));
    }
    if draw.chance(percent(10)) {
        points.push(phone("-P2", "101", Party::Borrower, 2));
    }
    if draw.chance(percent(15)) {
        points.push(phone("-P3", "102", Party::ContactPerson, 3));
    }
    points
}

/// One agreement, or two.
pub(super) fn agreement_count(config: &Config, number: u64) -> u64 {
    let mut draw = Stream::new(config.seed, number, Purpose::Person, AGREEMENTS);
    1 + u64::from(draw.chance(config.behaviour.second_agreement_share))
}
