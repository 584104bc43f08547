//! Links in mails by which somebody says that they want no more of them.
//!
//! Promises that a link names one message, that nobody makes one without the key, and that it tells nothing of the person.

use dunlin_domain::id::MessageId;
use ring::hmac;

use crate::http::sign::hex;

/// Bytes of the signature that a link carries: enough that guessing one is hopeless.
const SIGNATURE_LENGTH: usize = 16;

fn signature(key: &[u8; 32], message: &MessageId) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, &message.0);
    hex(&tag.as_ref()[..SIGNATURE_LENGTH])
}

/// What stands in the link of a message: its id in hexadecimal digits, and their signature.
#[must_use]
pub fn link_token(key: &[u8; 32], message: &MessageId) -> String {
    let id = message.to_string();
    format!("{}{}", id.trim_start_matches("msg_"), signature(key, message))
}

/// The message that a link names; `None` for one that is not ours.
#[must_use]
pub fn read_link_token(key: &[u8; 32], token: &str) -> Option<MessageId> {
    const ID_LENGTH: usize = 32;
    let (id, signed) = token.split_at_checked(ID_LENGTH)?;
    let message = MessageId::parse(&format!("msg_{id}"))?;
    crate::http::sign::is_same_secret(&signature(key, &message), signed).then_some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_makes_a_link_that_is_taken() {
        let (message, key) = (MessageId([7; 16]), [1; 32]);
        let token = link_token(&key, &message);
        assert_eq!(token.len(), 64);
        assert_eq!(read_link_token(&key, &token), Some(message));
        assert_eq!(read_link_token(&[2; 32], &token), None);
        assert_eq!(read_link_token(&key, &token.replacen("07", "08", 1)), None);
        for text in ["", "0707", &token[..63], &format!("{token}0"), "退订退订退订退订退订退订"] {
            assert_eq!(read_link_token(&key, text), None, "{text}");
        }
    }
}
