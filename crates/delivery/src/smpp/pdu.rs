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

/// What a `deliver_sm` says, as far as it can be a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deliver {
    pub esm_class: u8,
    pub text: Vec<u8>,
    pub receipted_message_id: Option<String>,
    pub message_state: Option<u8>,
}

impl Deliver {
    /// Reads the body; `None` when it ends early.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut fields = Fields(body);
        fields.text()?;
        for _ in 0..2 {
            fields.bytes(2)?;
            fields.text()?;
        }
        let esm_class = fields.byte()?;
        fields.bytes(2)?;
        fields.text()?;
        fields.text()?;
        fields.bytes(4)?;
        let length = fields.byte()?;
        let text = fields.bytes(usize::from(length))?.to_vec();
        let mut deliver = Self { esm_class, text, receipted_message_id: None, message_state: None };
        while !fields.0.is_empty() {
            let tag = fields.bytes(2)?;
            let length = fields.bytes(2)?;
            let value = fields.bytes(usize::from(u16::from_be_bytes([length[0], length[1]])))?;
            match u16::from_be_bytes([tag[0], tag[1]]) {
                tag::RECEIPTED_MESSAGE_ID => deliver.receipted_message_id = Fields(value).text_or_rest(),
                tag::MESSAGE_STATE => deliver.message_state = value.first().copied(),
                tag::MESSAGE_PAYLOAD => deliver.text = value.to_vec(),
                _ => {}
            }
        }
        Some(deliver)
    }
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
