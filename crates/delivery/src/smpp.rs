//! A message centre: hands text messages over by SMPP 3.4, and takes in its delivery receipts.
//!
//! Promises that a message counts as unknown as soon as the message centre may have read one of its segments and has
//! not answered, and as not taken before; that a message centre which asks for patience gets it and nobody is blamed;
//! and that a receipt is acknowledged only once it is stored. The binds live as long as the provider, and are opened
//! again when they are missed.
//!
//! The protocol is spoken here and not by a library: where a connection breaks, everything hangs on whether a request
//! had left, and a receipt may be acknowledged only after it was committed.

mod link;
mod outcome;
mod parts;
mod pdu;
mod receipt_text;
mod text;
mod wire;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use dunlin_domain::contact::{Channel, Personal};
use dunlin_domain::date::Timestamp;
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use crate::config::{SmppAlphabet, SmppBind, SmppConfig, SmppLongText, SmppReceiptId, SmppSecurity};
use crate::error::{DeliveryError, between};
use crate::handover::Handover;
use crate::inquiry::{Inquired, Inquiry, until_silence};
use crate::passing::Handing;
use crate::receipt::{About, Acknowledge, Receipt, ReceiptBatch, RejectedRow, receipt_key};
use crate::reply::Reply;
use crate::tls::Tls;
use link::{Answer, BindError, Inbox, Incoming, Link, Role};
use outcome::{Taken, refused_bind, sum_up};
use parts::{Incomplete, Place};
use pdu::{Address, Deliver, SHORT_MESSAGE_MAX, Submit, command, query_body, submit_body, words_of};
use text::Encoded;

pub use text::{SmsAlphabet, SmsLength, sms_length};

const BINDS_MAX: usize = 16;
const WINDOW_MAX: usize = 1_000;
const ENQUIRE_SECONDS_MAX: u64 = 3_600;
const TIMEOUT_SECONDS_MAX: u64 = 600;
/// A message of which some segments were taken is finished within so many rounds, or is unknown.
const FINISH_ROUNDS: usize = 5;
/// The rest before each of them.
const FINISH_REST: Duration = Duration::from_secs(1);

/// A message centre.
pub struct Smpp {
    provider: String,
    config: SmppConfig,
    sender: Address,
    tls: Option<Tls>,
    inbox: Inbox,
    /// Texts of which parts are missing.
    incomplete: Incomplete,
    /// A place for each bind.
    links: Vec<(Role, Option<Link>)>,
}

/// A message on its way over one bind.
struct Flight<'m> {
    index: usize,
    bodies: Vec<Vec<u8>>,
    message: &'m ClearedMessage,
    sent: Vec<Option<u32>>,
}

impl Smpp {
    /// Checks the settings; the message centre itself is first contacted when it is needed.
    pub(crate) fn open(provider: &str, config: &SmppConfig) -> Result<Self, DeliveryError> {
        let wrong = |setting: &'static str, complaint: Wording| DeliveryError::Setting {
            provider: provider.to_owned(),
            setting,
            complaint,
        };
        let up_to = |setting: &'static str, value: u64, most: u64| {
            between(value, 1, most).map_err(|complaint| wrong(setting, complaint))
        };
        up_to("bind_count", config.bind_count as u64, BINDS_MAX as u64)?;
        up_to("window", config.window as u64, WINDOW_MAX as u64)?;
        up_to("enquire_seconds", config.enquire_seconds, ENQUIRE_SECONDS_MAX)?;
        up_to("timeout_seconds", config.timeout_seconds, TIMEOUT_SECONDS_MAX)?;
        // The lengths of section 4.1.5, less the zero byte that ends each.
        let texts = [
            ("user", config.system_id.as_str(), 15),
            ("password", config.password.as_ref().map_or("", |password| password.reveal()), 8),
            ("system_type", config.system_type.as_str(), 12),
        ];
        for (setting, text, most) in texts {
            if text.len() > most || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                let complaint =
                    wording!("最多 {most} 个字母和数字", "must be up to {most} letters and digits");
                return Err(wrong(setting, complaint));
            }
        }
        let sender = sender_address(config).map_err(|complaint| wrong("sender", complaint))?;
        let tls = match config.security {
            SmppSecurity::Plain => None,
            SmppSecurity::Tls => {
                let tls = Tls::new(&config.host, config.extra_root.as_deref());
                Some(tls.map_err(|(setting, complaint)| wrong(setting, complaint))?)
            }
        };
        let (sending, receiving) = match config.bind {
            SmppBind::Transceiver => (Role::Transceiver, None),
            SmppBind::Separate => (Role::Transmitter, Some(Role::Receiver)),
        };
        let roles = std::iter::repeat_n(sending, config.bind_count).chain(receiving);
        Ok(Self {
            provider: provider.to_owned(),
            config: config.clone(),
            sender,
            tls,
            inbox: Inbox::default(),
            incomplete: Incomplete::default(),
            links: roles.map(|role| (role, None)).collect(),
        })
    }

    /// Hands over `messages`, spread over the binds that send.
    pub(crate) fn hand_over(&mut self, messages: &[&ClearedMessage], now: Timestamp) -> Vec<Handover> {
        if messages.is_empty() {
            return Vec::new();
        }
        let handing = Handing::begin(now);
        let trouble = self.bind_missing(Role::sends);
        let answers: Vec<OnceLock<Handover>> = messages.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let is_throttled = AtomicBool::new(false);
        let this = &*self;
        thread::scope(|scope| {
            let open = this.links.iter().filter_map(|(role, link)| link.as_ref().filter(|_| role.sends()));
            for link in open {
                scope.spawn(|| this.work(link, (messages, handing), &answers, &next, &is_throttled));
            }
        });
        let rest = || match (is_throttled.load(Ordering::Relaxed), &trouble) {
            (true, _) => outcome::throttled("the message centre asked for patience in this batch"),
            (false, Some(refused)) => refused_bind(refused),
            (false, None) => outcome::connection_lost(),
        };
        answers.into_iter().map(|answer| answer.into_inner().unwrap_or_else(rest)).collect()
    }

    /// One bind's share of a batch: sends as long as there is something to send, then fetches the answers.
    fn work(
        &self,
        link: &Link,
        (messages, handing): (&[&ClearedMessage], Handing),
        answers: &[OnceLock<Handover>],
        next: &AtomicUsize,
        is_throttled: &AtomicBool,
    ) {
        let mut flights: VecDeque<Flight<'_>> = VecDeque::new();
        while link.is_open() && !is_throttled.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(message) = messages.get(index) else { break };
            match handing.refusal(message).map_or_else(|| self.bodies(message), Err) {
                Ok(bodies) => {
                    let mut flight = Flight { index, bodies, message, sent: Vec::new() };
                    for body in &flight.bodies {
                        flight.sent.push(link.send(command::SUBMIT_SM, body.clone()));
                    }
                    flights.push_back(flight);
                }
                Err(refusal) => drop(answers[index].set(refusal)),
            }
            // What is answered while we send is looked at, so that a word of patience is heeded at once. One that is not
            // answered holds up nothing but its place in the window.
            while flights.len() > self.config.window {
                let place = link.first_answered(flights.len(), |place| &flights[place].sent);
                if let Some(flight) = flights.remove(place) {
                    self.finish(link, &flight, answers, is_throttled);
                }
            }
        }
        for flight in &flights {
            self.finish(link, flight, answers, is_throttled);
        }
    }

    /// Fetches the answers to all segments of a message. Where some were taken and others put off, the rest is sent
    /// until the message is whole: half a message is of no use to anybody.
    fn finish(
        &self,
        link: &Link,
        flight: &Flight<'_>,
        answers: &[OnceLock<Handover>],
        is_throttled: &AtomicBool,
    ) {
        let fetch = |sent: &Option<u32>| sent.map_or(Answer::NotSent, |sequence| link.answer(sequence));
        let mut taken: Vec<Taken> = flight.sent.iter().map(fetch).map(Taken::of).collect();
        for _ in 0..FINISH_ROUNDS {
            let is_begun = taken.iter().any(|segment| matches!(segment, Taken::Yes(_)));
            let is_put_off = taken.contains(&Taken::Throttled);
            if !is_begun || !is_put_off || !link.is_open() {
                break;
            }
            link.rest(FINISH_REST);
            for (segment, body) in taken.iter_mut().zip(&flight.bodies) {
                if *segment == Taken::Throttled {
                    let sent = link.send(command::SUBMIT_SM, body.clone());
                    *segment = Taken::of(fetch(&sent));
                }
            }
        }
        if taken.contains(&Taken::Throttled) {
            is_throttled.store(true, Ordering::Relaxed);
        }
        drop(answers[flight.index].set(sum_up(&taken, flight.message.channel())));
    }

    /// The `submit_sm` bodies of a message, one a segment; or the answer for one that cannot be sent.
    fn bodies(&self, message: &ClearedMessage) -> Result<Vec<Vec<u8>>, Handover> {
        let destination = recipient_address(message.recipient().reveal()).ok_or_else(outcome::bad_number)?;
        let encoded = Encoded::of(message.body().reveal(), self.config.alphabet == SmppAlphabet::Ucs2);
        let whole = encoded.whole();
        let validity = validity(message.expires_at());
        let is_payload = self.config.long_text == SmppLongText::Payload && whole.len() > SHORT_MESSAGE_MAX;
        let segments = if is_payload {
            vec![whole]
        } else {
            // Different for two texts to one phone, and the same for a text that is sent again.
            encoded.segments(message.id().0[15]).ok_or_else(outcome::too_long)?
        };
        let has_header = segments.len() > 1;
        let body = |text: &Vec<u8>| {
            submit_body(&Submit {
                source: &self.sender,
                destination: &destination,
                has_header,
                validity: &validity,
                data_coding: encoded.alphabet.data_coding(),
                text,
                is_payload,
            })
        };
        Ok(segments.iter().map(body).collect())
    }

    /// Opens the binds of a kind that are missing. Returns why the last one did not open, if none is open now.
    fn bind_missing(&mut self, is_wanted: impl Fn(Role) -> bool) -> Option<BindError> {
        let mut refused = None;
        for (role, place) in self.links.iter_mut().filter(|(role, _)| is_wanted(*role)) {
            if place.as_ref().is_some_and(Link::is_open) {
                continue;
            }
            // The old one is closed before the new one opens: message centres count binds.
            *place = None;
            match Link::open(&self.config, self.tls.as_ref(), *role, &self.inbox) {
                Ok(link) => *place = Some(link),
                Err(error) => {
                    refused = Some(error);
                    // What stands in the way of one stands in the way of the others; with a timeout each, they
                    // would hold everybody up.
                    break;
                }
            }
        }
        let mut wanted = self.links.iter().filter(|(role, _)| is_wanted(*role));
        let has_one = wanted.any(|(_, place)| place.as_ref().is_some_and(Link::is_open));
        refused.filter(|_| !has_one)
    }

    /// The receipts that have come and were not acknowledged yet; `now` is the moment of those that name none.
    ///
    /// The message centre is asked whether it is there, so that all it had sent before has been read. One that
    /// cannot be reached has no receipts; that it cannot be is told by the next message.
    pub(crate) fn receipts(&mut self, now: Timestamp) -> ReceiptBatch {
        self.bind_missing(Role::receives);
        for link in self.links.iter().filter_map(|(role, link)| link.as_ref().filter(|_| role.receives())) {
            link.enquire();
        }
        let incoming = self.inbox.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if incoming.is_empty() {
            return ReceiptBatch::empty();
        }
        let deliveries: Vec<Option<&Deliver>> =
            incoming.iter().map(|delivery| delivery.deliver.as_ref()).collect();
        let places = self.incomplete.places(&deliveries, now);
        if places.iter().all(|place| *place == Place::Waits) {
            return ReceiptBatch::empty();
        }
        let (mut receipts, mut replies, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
        let mut fates = Vec::with_capacity(incoming.len());
        for (deliver, place) in deliveries.iter().zip(&places) {
            let read = match (place, deliver) {
                (Place::Waits, _) => {
                    fates.push(Fate::Waits);
                    continue;
                }
                (Place::Told, _) => {
                    fates.push(Fate::Kept);
                    continue;
                }
                (Place::Whole(order), _) => {
                    let parts: Vec<&Deliver> = order.iter().filter_map(|place| deliveries[*place]).collect();
                    joined(&parts, now)
                }
                (Place::Alone, Some(deliver)) => self.read(deliver, now),
                (Place::Alone, None) => Read::Nothing,
            };
            fates.push(if matches!(read, Read::Nothing) { Fate::Refused } else { Fate::Kept });
            match read {
                Read::Receipt(receipt) => receipts.push(receipt),
                Read::Reply(reply) => replies.push(reply),
                Read::Nothing => rejected.push(RejectedRow::of("deliver_sm", "it cannot be read")),
            }
        }
        let deliveries = Deliveries { incoming, fates, inbox: Arc::clone(&self.inbox) };
        ReceiptBatch::taken(receipts, rejected, Box::new(deliveries)).with_replies(replies, Vec::new(), None)
    }

    fn read(&self, deliver: &Deliver, now: Timestamp) -> Read {
        if deliver.is_receipt() {
            return self.receipt(deliver, now).map_or(Read::Nothing, Read::Receipt);
        }
        let part = deliver.part().map(|part| format!("{}/{}", part.reference, part.index));
        let reference = part.or(deliver.user_reference.map(|reference| reference.to_string()));
        reply_of(deliver, deliver.words(), reference.unwrap_or_default(), now)
    }

    fn receipt(&self, deliver: &Deliver, now: Timestamp) -> Option<Receipt> {
        let told = receipt_text::read(deliver, &self.config.zone)?;
        let reference = plain_id(&told.id);
        let key = receipt_key(&self.provider, reference.as_bytes(), &told.state, told.at);
        let at = told.at.unwrap_or(now);
        Some(Receipt {
            about: About::Reference(reference),
            state: told.state,
            at,
            key,
            address_is_bad: false,
        })
    }

    /// Asks what became of messages by `query_sm`, segment by segment; once nobody answers, the rest is not asked about.
    pub(crate) fn inquire(&mut self, inquiries: &[Inquiry]) -> Vec<Inquired> {
        self.bind_missing(Role::sends);
        let open = self
            .links
            .iter()
            .find_map(|(role, link)| link.as_ref().filter(|link| role.sends() && link.is_open()));
        let Some(link) = open else {
            return inquiries.iter().map(|_| Inquired::no_answer("connection")).collect();
        };
        let one = |inquiry: &Inquiry| {
            let mut segments = Vec::new();
            for id in &inquiry.references {
                let answer = link.ask(command::QUERY_SM, query_body(id, &self.sender));
                segments.push(outcome::inquired(&answer));
                if matches!(segments.last(), Some(Inquired::NoAnswer { .. })) {
                    break;
                }
            }
            Inquired::of_segments(segments)
        };
        until_silence(inquiries, one)
    }
}

/// A message id as receipts have it, without capitals and leading zeros.
fn plain_id(id: &str) -> String {
    id.trim().to_ascii_lowercase().trim_start_matches('0').to_owned()
}

/// What receipts call what the message centre called `id` when it took it.
pub(crate) fn id_in_receipts(form: SmppReceiptId, id: &str) -> String {
    let plain = plain_id(id);
    let as_decimal = match form {
        SmppReceiptId::Decimal => u128::from_str_radix(&plain, 16).ok(),
        SmppReceiptId::Same => None,
    };
    as_decimal.map_or(plain, |number| number.to_string())
}

/// What a delivery turned out to be.
enum Read {
    Receipt(Receipt),
    Reply(Reply),
    Nothing,
}

/// A text of several parts, put together.
fn joined(parts: &[&Deliver], now: Timestamp) -> Read {
    let (Some(first), bytes) = (parts.first(), parts.iter().flat_map(|part| part.content())) else {
        return Read::Nothing;
    };
    let bytes: Vec<u8> = bytes.copied().collect();
    let reference = first.part().map(|part| part.reference.to_string());
    reply_of(first, words_of(first.data_coding, &bytes), reference.unwrap_or_default(), now)
}

/// A reply. The message centre has no id for it: one that says the same comes again within the hour, or is another one by the
/// number that the phone gave it, where that is known.
fn reply_of(deliver: &Deliver, text: String, reference: String, now: Timestamp) -> Read {
    if deliver.source.is_empty() {
        return Read::Nothing;
    }
    let hour = now.micros().div_euclid(3_600_000_000);
    Read::Reply(Reply {
        channel: Channel::Sms,
        from: Personal::new(deliver.source.as_str()),
        text: Personal::new(text),
        at: now,
        mark: if reference.is_empty() { hour.to_string() } else { format!("{hour}:{reference}") },
    })
}

/// What is done with a delivery when the batch is stored.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Kept,
    Refused,
    /// It stays in the inbox.
    Waits,
}

/// Deliveries that are stored, are nothing to store, or wait for more.
#[derive(Debug)]
struct Deliveries {
    incoming: Vec<Incoming>,
    fates: Vec<Fate>,
    inbox: Inbox,
}

impl Acknowledge for Deliveries {
    fn acknowledge(self: Box<Self>) -> Result<(), DeliveryError> {
        let mut waiting = Vec::new();
        let count = self.incoming.len();
        for (delivery, fate) in self.incoming.into_iter().zip(self.fates) {
            match fate {
                Fate::Kept => delivery.acknowledge(),
                Fate::Refused => delivery.refuse(),
                Fate::Waits => waiting.push(delivery),
            }
        }
        // Only here are they taken out, and new ones are put in at the end.
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        drop(inbox.splice(..count, waiting));
        Ok(())
    }
}

/// The sender with its type and plan: international by its plus, alphanumeric by its letters, and else unknown.
fn sender_address(config: &SmppConfig) -> Result<Address, Wording> {
    let sender = config.sender.as_str();
    let digits = sender.strip_prefix('+').unwrap_or(sender);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let (ton, npi) = match (is_number, digits.len() < sender.len()) {
        (true, true) => (1, 1),
        (true, false) => (0, 1),
        (false, _) => (5, 0),
    };
    let is_name = (1..=11).contains(&sender.len())
        && sender.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if is_number && digits.len() > 20 || !is_number && !is_name {
        return Err(wording!(
            "须为最多 20 位数字的号码，或最多 11 个字母",
            "must be a number of up to 20 digits, or up to 11 letters"
        ));
    }
    Ok(Address {
        ton: config.sender_ton.unwrap_or(ton),
        npi: config.sender_npi.unwrap_or(npi),
        digits: digits.to_owned(),
    })
}

/// The recipient: digits, with the plus of an international number, and what people put between them.
fn recipient_address(number: &str) -> Option<Address> {
    let number = number.trim();
    let (ton, rest) = number.strip_prefix('+').map_or((0, number), |rest| (1, rest));
    let digits: String = rest.chars().filter(|letter| !" -()".contains(*letter)).collect();
    let is_number = (3..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(Address { ton, npi: 1, digits })
}

/// The moment after which the message centre gives up, in UTC (section 7.1.1): what comes later may come at night.
fn validity(expires_at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_microsecond(expires_at.micros()).unwrap_or(jiff::Timestamp::MAX);
    format!("{}000+", moment.strftime("%y%m%d%H%M%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_centre_gives_up_when_the_permit_runs_out() {
        let at = Timestamp::from_micros(1_795_483_800_000_000);
        assert_eq!(validity(at), "261124013000000+");
    }

    #[test]
    fn a_number_is_read_as_people_write_it() {
        let check = |number: &str, expected: Option<(u8, &str)>| {
            let address = recipient_address(number);
            assert_eq!(address.as_ref().map(|address| (address.ton, address.digits.as_str())), expected);
        };
        check("13800001234", Some((0, "13800001234")));
        check("+86 138-0000-1234", Some((1, "8613800001234")));
        check("(0)20 1234", Some((0, "0201234")));
        check("li@example.com", None);
        check("", None);
        check("123456789012345678901", None);
    }
}
