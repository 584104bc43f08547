//! Identities and keys, all derived from their causes, so that doing a thing twice names it the same.
//!
//! An id is sixteen bytes hashed from what the lender calls the thing; a [`Key`] is sixteen bytes hashed
//! from what made a posting, message or event come about. [`Part`] spreads customers over 1,024 parts with
//! a hash that must never change: data on disk depends on it.

use std::fmt;

/// How many parts there are, for ever.
pub const PART_COUNT: u16 = 1024;

/// The customer's part: the unit of paging, leasing and distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part(u16);

impl Part {
    /// Part `number`, 0 to 1023.
    ///
    /// # Panics
    /// When the number is out of range: parts come from hashes and from our own tables.
    #[must_use]
    pub fn new(number: u16) -> Self {
        assert!(number < PART_COUNT, "part {number} is out of range");
        Self(number)
    }

    /// The part of sixteen bytes. Frozen.
    #[must_use]
    pub fn of(bytes: &[u8; 16]) -> Self {
        let hash = blake3::hash(bytes);
        let number = u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]]);
        Self(number % PART_COUNT)
    }

    /// 0 to 1023.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

/// Hashes labelled text and bytes into sixteen bytes; the building block of every id and key. Frozen.
#[must_use]
pub fn hash_parts(label: &str, parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(label.as_bytes());
    for part in parts {
        // The length goes first, so that ("ab","c") and ("a","bc") differ.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes
}

/// A key made from a cause; every row that can be repeated has one under a unique index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 16]);

impl Key {
    /// The key of the cause that `label` and `parts` describe.
    #[must_use]
    pub fn of_cause(label: &str, parts: &[&[u8]]) -> Self {
        Self(hash_parts(label, parts))
    }

    /// Reads 32 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        read_hex(text).map(Self)
    }
}

fn write_hex(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 16];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

macro_rules! id_type {
    ($name:ident, $prefix:literal, $meaning:literal) => {
        #[doc = $meaning]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &str = $prefix;

            /// The id of what the lender calls `external`.
            #[must_use]
            pub fn of_external(external: &str) -> Self {
                Self(hash_parts($prefix, &[external.as_bytes()]))
            }

            /// Reads the text form, prefix and 32 hexadecimal digits; nothing else.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                text.strip_prefix(concat!($prefix, "_")).and_then(read_hex).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "_"))?;
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id_type!(CustomerId, "cus", "A customer.");
id_type!(AgreementId, "agr", "An agreement.");
id_type!(ContactPointId, "cpt", "A number or address of a customer.");
id_type!(FactId, "fct", "A fact about an agreement.");
id_type!(MessageId, "msg", "A message to a customer, whatever became of it.");
id_type!(AttemptId, "att", "One attempt to hand a message to a provider.");
id_type!(VerdictId, "vdt", "A verdict over a span of days of one agreement.");
id_type!(PauseId, "pau", "A planned stop of contact.");
id_type!(GentleModeId, "mod", "A gentler way of treating a part of the portfolio.");
id_type!(IncidentId, "inc", "An unplanned stop of contact.");
id_type!(PolicyId, "pol", "One version of a policy document.");
id_type!(
    CircumstanceId,
    "cir",
    "What is known of a customer besides the debt: a complaint, a consent, a promise."
);
id_type!(CallId, "cal", "A call that was placed or received.");
id_type!(ReplyId, "rpl", "What somebody wrote back.");
id_type!(HoldId, "hld", "A request at checkout: a hold on a line, whatever became of it.");

impl CircumstanceId {
    /// The id of what `cause` made known of a customer. The first two bytes are the part, so that the id alone finds
    /// its row.
    #[must_use]
    pub fn of_cause(customer: CustomerId, cause: &[&[u8]]) -> Self {
        Self(in_part(customer, hash_parts(Self::PREFIX, cause)))
    }

    /// The part that the row lies in; `None` if the id is not one of ours.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        part_in(&self.0)
    }
}

impl CallId {
    /// The id of the call that `cause` tells of; the first two bytes are the part.
    #[must_use]
    pub fn of_cause(customer: CustomerId, cause: &[&[u8]]) -> Self {
        Self(in_part(customer, hash_parts(Self::PREFIX, cause)))
    }

    /// The part that the row lies in; `None` if the id is not one of ours.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        part_in(&self.0)
    }
}

impl ReplyId {
    /// The id of the answer that `cause` brought from a customer; the first two bytes are the part.
    #[must_use]
    pub fn of_cause(customer: CustomerId, cause: &[&[u8]]) -> Self {
        Self(in_part(customer, hash_parts(Self::PREFIX, cause)))
    }

    /// The id of the answer that `cause` brought from nobody that we know; it lies in the part of its own hash.
    #[must_use]
    pub fn of_stranger(cause: &[&[u8]]) -> Self {
        let mut bytes = hash_parts(Self::PREFIX, cause);
        let part = Part::of(&bytes);
        bytes[..2].copy_from_slice(&part.number().to_be_bytes());
        Self(bytes)
    }

    /// The part that the row lies in; `None` if the id is not one of ours.
    #[must_use]
    pub fn part(&self) -> Option<Part> {
        part_in(&self.0)
    }
}

fn in_part(customer: CustomerId, mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[..2].copy_from_slice(&customer.part().number().to_be_bytes());
    bytes
}

fn part_in(bytes: &[u8; 16]) -> Option<Part> {
    let number = u16::from_be_bytes([bytes[0], bytes[1]]);
    (number < PART_COUNT).then(|| Part::new(number))
}

impl CustomerId {
    /// The part that everything of this customer lies in.
    #[must_use]
    pub fn part(&self) -> Part {
        Part::of(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn ids_and_parts_are_frozen() {
        let customer = CustomerId::of_external("C-1001");
        expect!["cus_52c79f6c870e4a09cb9a483daf23eff6 in part 281"]
            .assert_eq(&format!("{customer} in part {}", customer.part().number()));
        assert_eq!(CustomerId::parse(&customer.to_string()), Some(customer));
        assert_eq!(AgreementId::parse(&customer.to_string()), None);
    }
}
