//! The protocol data units of SMPP 3.4 that a sender of text messages needs, as bytes.
//!
//! Promises that what a message centre sends is read within bounds: a length that cannot be, or a body that ends
//! early, is an error and never a wrong field. Section numbers are those of "Short Message Peer to Peer Protocol
//! Specification v3.4", issue 1.2.

use std::io::{self, ErrorKind};

/// Command ids (section 5.1.2.1); a response has the highest bit set.
pub(super) mod command {
    pub const GENERIC_NACK: u32 = 0x8000_0000;
    pub const BIND_RECEIVER: u32 = 0x0000_0001;
    pub const BIND_TRANSMITTER: u32 = 0x0000_0002;
    pub const QUERY_SM: u32 = 0x0000_0003;
    pub const SUBMIT_SM: u32 = 0x0000_0004;
    pub const DELIVER_SM: u32 = 0x0000_0005;
    pub const UNBIND: u32 = 0x0000_0006;
    pub const BIND_TRANSCEIVER: u32 = 0x0000_0009;
    pub const ENQUIRE_LINK: u32 = 0x0000_0015;
    /// Set in the id of a response.
    pub const RESPONSE: u32 = 0x8000_0000;
}

/// Command states (section 5.1.3).
pub(super) mod status {
    pub const OK: u32 = 0x00;
    pub const INVALID_COMMAND: u32 = 0x03;
    pub const PERMANENT_APPLICATION_ERROR: u32 = 0x65;
}

/// The longest unit that is read: the specification sets no bound, and a text message needs far less.
const LENGTH_MAX: usize = 64 * 1024;
const HEADER_LENGTH: usize = 16;
/// SMPP 3.4 in `interface_version`.
const INTERFACE_VERSION: u8 = 0x34;

/// Optional parameters (section 5.3.2).
mod tag {
    pub const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
    pub const USER_MESSAGE_REFERENCE: u16 = 0x0204;
    pub const SAR_MSG_REF_NUM: u16 = 0x020C;
    pub const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
    pub const SAR_SEGMENT_SEQNUM: u16 = 0x020F;
    pub const MESSAGE_PAYLOAD: u16 = 0x0424;
    pub const MESSAGE_STATE: u16 = 0x0427;
}

/// One unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pdu {
    pub command: u32,
    pub status: u32,
    pub sequence: u32,
    pub body: Vec<u8>,
}

impl Pdu {
    pub fn new(command: u32, sequence: u32, body: Vec<u8>) -> Self {
        Self { command, status: status::OK, sequence, body }
    }

    /// The response to `self`, with an empty body where the specification has a message id: it is unused there.
    pub fn response(&self, status: u32) -> Self {
        let body = if self.command == command::DELIVER_SM { vec![0] } else { Vec::new() };
        Self { command: self.command | command::RESPONSE, status, sequence: self.sequence, body }
    }

    pub fn encode(&self) -> Vec<u8> {
        let length = HEADER_LENGTH + self.body.len();
        let mut bytes = Vec::with_capacity(length);
        for word in [u32::try_from(length).unwrap_or(u32::MAX), self.command, self.status, self.sequence] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(&self.body);
        bytes
    }

    /// Takes the first whole unit out of `bytes`; `None` while it is not all there.
    ///
    /// # Errors
    /// A length that no unit can have: nothing after it can be understood.
    pub fn take(bytes: &mut Vec<u8>) -> io::Result<Option<Self>> {
        let word = |index: usize| {
            let four = bytes.get(index * 4..index * 4 + 4)?;
            Some(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
        };
        let Some(length) = word(0) else { return Ok(None) };
        let length = length as usize;
        if !(HEADER_LENGTH..=LENGTH_MAX).contains(&length) {
            return Err(io::Error::new(ErrorKind::InvalidData, format!("a unit of {length} bytes")));
        }
        let (Some(command), Some(status), Some(sequence), true) =
            (word(1), word(2), word(3), bytes.len() >= length)
        else {
            return Ok(None);
        };
        let body = bytes[HEADER_LENGTH..length].to_vec();
        bytes.drain(..length);
        Ok(Some(Self { command, status, sequence, body }))
    }

    /// The first text of the body: the message id of a `submit_sm_resp`, the system id of a bind's response.
    pub fn first_text(&self) -> Option<String> {
        Fields(&self.body).text()
    }
}

/// An address with its type and plan (sections 5.2.5 and 5.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub ton: u8,
    pub npi: u8,
    pub digits: String,
}

/// The body of a bind.
pub(super) fn bind_body(system_id: &str, password: &str, system_type: &str) -> Vec<u8> {
    let mut body = Vec::new();
    push_text(&mut body, system_id);
    push_text(&mut body, password);
    push_text(&mut body, system_type);
    // No address range: receipts for all of our senders.
    body.extend([INTERFACE_VERSION, 0, 0, 0]);
    body
}

/// What a `submit_sm` says.
pub(super) struct Submit<'m> {
    pub source: &'m Address,
    pub destination: &'m Address,
    /// Whether `text` begins with a user data header.
    pub has_header: bool,
    /// `YYMMDDhhmmsstnnp`, after which the message centre gives up.
    pub validity: &'m str,
    pub data_coding: u8,
    pub text: &'m [u8],
    /// Whether `text` goes in the parameter `message_payload`, and is cut by the message centre.
    pub is_payload: bool,
}

/// The longest `short_message` (section 5.2.22).
pub(super) const SHORT_MESSAGE_MAX: usize = 254;

/// The body of a `submit_sm`, which asks for a receipt of the final outcome.
pub(super) fn submit_body(submit: &Submit<'_>) -> Vec<u8> {
    const USER_DATA_HEADER: u8 = 0x40;
    const FINAL_RECEIPT: u8 = 0x01;
    let mut body = Vec::with_capacity(64 + submit.text.len());
    push_text(&mut body, "");
    push_address(&mut body, submit.source);
    push_address(&mut body, submit.destination);
    body.extend([if submit.has_header { USER_DATA_HEADER } else { 0 }, 0, 0]);
    push_text(&mut body, "");
    push_text(&mut body, submit.validity);
    body.extend([FINAL_RECEIPT, 0, submit.data_coding, 0]);
    let short = if submit.is_payload { &[] } else { submit.text };
    assert!(short.len() <= SHORT_MESSAGE_MAX, "a segment fits into a short message");
    body.push(short.len() as u8);
    body.extend(short);
    if submit.is_payload {
        body.extend(tag::MESSAGE_PAYLOAD.to_be_bytes());
        body.extend(u16::try_from(submit.text.len()).unwrap_or(u16::MAX).to_be_bytes());
        body.extend(submit.text);
    }
    body
}

/// The body of a `query_sm` (section 4.8.1): the id as the message centre gave it, and the sender as it was given.
pub(super) fn query_body(id: &str, source: &Address) -> Vec<u8> {
    let mut body = Vec::new();
    push_text(&mut body, id);
    push_address(&mut body, source);
    body
}

/// What a `query_sm_resp` says (section 4.8.2): the state, and the error of the network.
pub(super) fn queried_state(body: &[u8]) -> Option<(u8, u8)> {
    let mut fields = Fields(body);
    fields.text()?;
    // The date of the end, which message centres write by clocks of their own.
    fields.text()?;
    let state = fields.byte()?;
    // Some leave the last byte away.
    Some((state, fields.byte().unwrap_or(0)))
}

/// What a `deliver_sm` says: a receipt, or somebody's message.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Deliver {
    /// The number that it comes from, with a plus where it is said to be international.
    pub source: String,
    pub esm_class: u8,
    pub data_coding: u8,
    pub text: Vec<u8>,
    pub receipted_message_id: Option<String>,
    pub message_state: Option<u8>,
    /// The parameters of a part (section 5.3.2.22 to 24): reference, total and number.
    pub sar: (Option<u16>, Option<u8>, Option<u8>),
    /// The number that the phone gave it (section 5.3.2.17).
    pub user_reference: Option<u16>,
}

/// One part of a text that somebody wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The number that all parts of the text share.
    pub reference: u16,
    /// How many there are: two or more.
    pub count: u8,
    /// Which it is, from 1.
    pub index: u8,
}

impl Deliver {
    /// Reads the body; `None` when it ends early.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut fields = Fields(body);
        fields.text()?;
        let is_international = fields.bytes(2)?[0] == 1;
        let digits = fields.text()?;
        let has_plus = !is_international || digits.is_empty() || digits.starts_with('+');
        let source = if has_plus { digits } else { format!("+{digits}") };
        fields.bytes(2)?;
        fields.text()?;
        let esm_class = fields.byte()?;
        fields.bytes(2)?;
        fields.text()?;
        fields.text()?;
        fields.bytes(2)?;
        let data_coding = fields.byte()?;
        fields.byte()?;
        let length = fields.byte()?;
        let text = fields.bytes(usize::from(length))?.to_vec();
        let mut deliver = Self {
            source,
            esm_class,
            data_coding,
            text,
            receipted_message_id: None,
            message_state: None,
            sar: (None, None, None),
            user_reference: None,
        };
        while !fields.0.is_empty() {
            let tag = fields.bytes(2)?;
            let length = fields.bytes(2)?;
            let value = fields.bytes(usize::from(u16::from_be_bytes([length[0], length[1]])))?;
            match u16::from_be_bytes([tag[0], tag[1]]) {
                tag::RECEIPTED_MESSAGE_ID => deliver.receipted_message_id = Fields(value).text_or_rest(),
                tag::MESSAGE_STATE => deliver.message_state = value.first().copied(),
                tag::USER_MESSAGE_REFERENCE => deliver.user_reference = number(value),
                tag::SAR_MSG_REF_NUM => deliver.sar.0 = number(value),
                tag::SAR_TOTAL_SEGMENTS => deliver.sar.1 = value.first().copied(),
                tag::SAR_SEGMENT_SEQNUM => deliver.sar.2 = value.first().copied(),
                tag::MESSAGE_PAYLOAD => deliver.text = value.to_vec(),
                _ => {}
            }
        }
        Some(deliver)
    }

    /// Whether it speaks of a message of ours (section 5.2.12). A text alone cannot make it so: a customer may write one
    /// that looks like a receipt, and cannot set the flag or the parameters.
    pub fn is_receipt(&self) -> bool {
        const MESSAGE_TYPE: u8 = 0x3C;
        self.esm_class & MESSAGE_TYPE != 0 || self.receipted_message_id.is_some()
    }

    /// The header in front of the text, where there is one, and the text.
    fn header_and_content(&self) -> (&[u8], &[u8]) {
        const USER_DATA_HEADER: u8 = 0x40;
        let has_header = self.esm_class & USER_DATA_HEADER != 0;
        let length = self.text.first().filter(|_| has_header).map_or(0, |length| usize::from(*length) + 1);
        self.text.split_at_checked(length).unwrap_or((&self.text, &[]))
    }

    /// Which part of a text it is, if it is one of several: by its header (3GPP TS 23.040, 9.2.3.24), or its parameters.
    pub fn part(&self) -> Option<Part> {
        let by_parameters = match self.sar {
            (Some(reference), Some(count), Some(index)) => Some(Part { reference, count, index }),
            _ => None,
        };
        let part = self.part_by_header().or(by_parameters)?;
        (part.count >= 2 && (1..=part.count).contains(&part.index)).then_some(part)
    }

    fn part_by_header(&self) -> Option<Part> {
        const CONCATENATED: u8 = 0x00;
        const CONCATENATED_LONG: u8 = 0x08;
        let (header, _) = self.header_and_content();
        let mut rest = header.get(1..)?;
        while let [kind, length, after @ ..] = rest {
            let (value, further) = after.split_at_checked(usize::from(*length))?;
            match (*kind, value) {
                (CONCATENATED, [reference, count, index]) => {
                    return Some(Part { reference: u16::from(*reference), count: *count, index: *index });
                }
                (CONCATENATED_LONG, [high, low, count, index]) => {
                    let reference = u16::from_be_bytes([*high, *low]);
                    return Some(Part { reference, count: *count, index: *index });
                }
                _ => rest = further,
            }
        }
        None
    }

    /// The text without the header that binds parts together, as bytes.
    pub fn content(&self) -> &[u8] {
        self.header_and_content().1
    }

    /// What somebody wrote, without the header that binds parts together.
    pub fn words(&self) -> String {
        words_of(self.data_coding, self.content())
    }
}

/// Bytes in the alphabet that their coding names. Those of several parts are put together first: a letter may lie across.
pub(super) fn words_of(data_coding: u8, text: &[u8]) -> String {
    const UCS2: u8 = 8;
    const LATIN_1: u8 = 3;
    match data_coding {
        UCS2 => {
            let units = text.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            String::from_utf16_lossy(&units.collect::<Vec<u16>>())
        }
        LATIN_1 => text.iter().map(|byte| char::from(*byte)).collect(),
        // The message centre's own alphabet; letters and digits stand where ASCII has them.
        _ => String::from_utf8_lossy(text).into_owned(),
    }
}

/// A parameter of two bytes.
fn number(value: &[u8]) -> Option<u16> {
    value.try_into().ok().map(u16::from_be_bytes)
}

/// Fields that are still to be read.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn bytes(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|byte| byte[0])
    }

    /// Text up to a zero byte.
    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = self.bytes(end)?;
        self.bytes(1)?;
        Some(String::from_utf8_lossy(text).into_owned())
    }

    /// Text whose sender may have left the zero byte away.
    fn text_or_rest(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        Some(String::from_utf8_lossy(self.bytes(end)?).into_owned())
    }
}

/// Text and a zero byte. A zero within would end it early, so it is left out.
fn push_text(body: &mut Vec<u8>, text: &str) {
    body.extend(text.bytes().filter(|byte| *byte != 0));
    body.push(0);
}

fn push_address(body: &mut Vec<u8>, address: &Address) {
    body.extend([address.ton, address.npi]);
    push_text(body, &address.digits);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_taken_only_when_it_is_whole() {
        let unit = Pdu::new(command::ENQUIRE_LINK, 7, vec![1, 2, 3]);
        let mut bytes = unit.encode();
        bytes.extend(&unit.encode()[..18]);
        assert_eq!(Pdu::take(&mut bytes).expect("a good length"), Some(unit));
        assert_eq!(Pdu::take(&mut bytes).expect("a good length"), None);
        assert_eq!(bytes.len(), 18);
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_conversation() {
        for length in [0_u32, 15, 64 * 1024 + 1, u32::MAX] {
            assert!(Pdu::take(&mut length.to_be_bytes().to_vec()).is_err(), "{length}");
        }
    }

    #[test]
    fn what_somebody_writes_is_read_and_never_taken_for_a_receipt() {
        let of = |ton: u8, esm_class: u8, data_coding: u8, text: &[u8]| {
            let mut body =
                vec![0, ton, 1, b'8', b'6', 0, 1, 1, b'2', 0, esm_class, 0, 0, 0, 0, 0, 0, data_coding, 0];
            body.push(text.len() as u8);
            body.extend(text);
            Deliver::parse(&body).expect("it is whole")
        };
        let written = of(1, 0, 8, &[0x90, 0x00, 0x8B, 0xA2]);
        assert_eq!((written.source.as_str(), written.words().as_str()), ("+86", "退订"));
        assert_eq!(of(0, 0, 0, b"STOP").words(), "STOP");
        assert_eq!(of(0, 0x40, 0, &[5, 0, 3, 7, 2, 1, b'a', b'b']).words(), "ab");
        assert_eq!(of(0, 0, 3, &[b'n', 0xE9]).words(), "né");
        assert!(!of(0, 0, 0, b"id:1 stat:UNDELIV err:001").is_receipt());
        assert!(of(0, 4, 0, b"id:1 stat:UNDELIV err:001").is_receipt());
    }

    #[test]
    fn a_delivery_that_ends_early_is_no_delivery() {
        let mut body = vec![0, 1, 1, b'1', 0, 1, 1, b'2', 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 3];
        body.extend(b"abc");
        body.extend([0x04, 0x27, 0, 1, 2]);
        let whole = Deliver::parse(&body).expect("it is whole");
        assert_eq!((whole.esm_class, whole.text.as_slice(), whole.message_state), (4, &b"abc"[..], Some(2)));
        let cut = (1..body.len()).filter(|end| Deliver::parse(&body[..*end]).is_some());
        assert_eq!(
            cut.collect::<Vec<_>>(),
            [body.len() - 5],
            "without the parameter, it ends after the text"
        );
    }
}
