//! How a text becomes the bytes of one or several text messages.
//!
//! Promises the smallest number of segments: the GSM 7-bit alphabet (3GPP TS 23.038, 6.2.1) where it has every
//! letter, and else UTF-16, of which the UCS-2 of the specification is the part that phones have always shown. A
//! letter is never cut in two, neither an escaped one nor one outside the basic plane, and no part is longer than
//! 140 bytes on the air (3GPP TS 23.040, 9.2.3.24.1).

/// The basic alphabet, by its code. U+001B stands where the escape is.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension: each takes the escape and this code.
const EXTENSION: [(char, u8); 10] = [
    ('\u{c}', 0x0A),
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2F),
    ('[', 0x3C),
    ('~', 0x3D),
    (']', 0x3E),
    ('|', 0x40),
    ('€', 0x65),
];
const ESCAPE: u8 = 0x1B;

/// The most segments that a user data header can count.
const SEGMENTS_MAX: usize = 255;

/// The alphabet of a text message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsAlphabet {
    /// GSM 7-bit: 160 letters in one message, 153 in each of several.
    Gsm,
    /// UTF-16: 70 units in one message, 67 in each of several.
    Ucs2,
}

impl SmsAlphabet {
    /// `data_coding` (SMPP 3.4, 5.2.19): the message centre's default alphabet, or UCS-2.
    pub(super) const fn data_coding(self) -> u8 {
        match self {
            Self::Gsm => 0x00,
            Self::Ucs2 => 0x08,
        }
    }

    /// Bytes of [`Encoded::units`] in one message, and in each of several.
    const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm => (160, 153),
            Self::Ucs2 => (140, 134),
        }
    }
}

/// How long a text is as a text message: what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmsLength {
    /// The alphabet that it needs.
    pub alphabet: SmsAlphabet,
    /// How many messages it takes, at least 1.
    pub segment_count: usize,
}

/// Measures `text` as a text message.
#[must_use]
pub fn sms_length(text: &str) -> SmsLength {
    let encoded = Encoded::of(text, false);
    SmsLength { alphabet: encoded.alphabet, segment_count: encoded.cut().len() }
}

/// A text in the bytes of its alphabet; letters of the GSM alphabet take a byte each, as over SMPP.
pub(super) struct Encoded {
    pub alphabet: SmsAlphabet,
    /// The bytes of each letter.
    letters: Vec<Vec<u8>>,
}

impl Encoded {
    /// Encodes `text`; with `only_ucs2`, also what the GSM alphabet has.
    pub fn of(text: &str, only_ucs2: bool) -> Self {
        let gsm = if only_ucs2 { None } else { text.chars().map(gsm_letter).collect() };
        match gsm {
            Some(letters) => Self { alphabet: SmsAlphabet::Gsm, letters },
            None => {
                let letter = |letter: char| {
                    letter.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect()
                };
                Self { alphabet: SmsAlphabet::Ucs2, letters: text.chars().map(letter).collect() }
            }
        }
    }

    /// All bytes in one piece.
    pub fn whole(&self) -> Vec<u8> {
        self.letters.concat()
    }

    /// The bytes of each segment, without headers.
    fn cut(&self) -> Vec<Vec<u8>> {
        let (alone, each) = self.alphabet.room();
        let whole = self.whole();
        if whole.len() <= alone {
            return vec![whole];
        }
        let mut segments = vec![Vec::new()];
        for letter in &self.letters {
            if segments.last().is_none_or(|last| last.len() + letter.len() > each) {
                segments.push(Vec::new());
            }
            if let Some(last) = segments.last_mut() {
                last.extend(letter);
            }
        }
        segments
    }

    /// The bytes of each segment, each with its header where there are several: eight bits of `reference`, which
    /// binds them together on the phone. `None` when there are more than a header can count.
    pub fn segments(&self, reference: u8) -> Option<Vec<Vec<u8>>> {
        let segments = self.cut();
        if segments.len() == 1 {
            return Some(segments);
        }
        if segments.len() > SEGMENTS_MAX {
            return None;
        }
        let count = segments.len() as u8;
        let with_header = |(text, number): (Vec<u8>, u8)| {
            // Length of the header; concatenation with an 8-bit reference (3GPP TS 23.040, 9.2.3.24.1).
            let mut bytes = vec![0x05, 0x00, 0x03, reference, count, number];
            bytes.extend(text);
            bytes
        };
        Some(segments.into_iter().zip(1..=u8::MAX).map(with_header).collect())
    }
}

fn gsm_letter(letter: char) -> Option<Vec<u8>> {
    if letter == '\u{1b}' {
        return None;
    }
    if let Some(code) = BASIC.chars().position(|known| known == letter) {
        return Some(vec![code as u8]);
    }
    let (_, code) = EXTENSION.iter().find(|(known, _)| *known == letter)?;
    Some(vec![ESCAPE, *code])
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let encoded = Encoded::of(text, false);
        let lengths: Vec<usize> = encoded.cut().iter().map(Vec::len).collect();
        expected.assert_eq(&format!("{:?} {lengths:?}", encoded.alphabet));
    }

    #[test]
    fn the_basic_alphabet_has_its_128_places() {
        assert_eq!(BASIC.chars().count(), 128);
        let code = |letter| gsm_letter(letter).map(|bytes| bytes[0]);
        let known = ['@', ' ', '0', 'A', 'a', '¿', 'à', 'Ω', '\n'].map(code);
        assert_eq!(known, [0x00, 0x20, 0x30, 0x41, 0x61, 0x60, 0x7F, 0x15, 0x0A].map(Some));
        assert_eq!(gsm_letter('€'), Some(vec![0x1B, 0x65]));
        assert_eq!(gsm_letter('账'), None);
    }

    #[test]
    fn a_text_takes_as_few_messages_as_it_can() {
        check("", expect!["Gsm [0]"]);
        check(&"a".repeat(160), expect!["Gsm [160]"]);
        check(&"a".repeat(161), expect!["Gsm [153, 8]"]);
        check(&"a".repeat(307), expect!["Gsm [153, 153, 1]"]);
        check(&"账".repeat(70), expect!["Ucs2 [140]"]);
        check(&"账".repeat(71), expect!["Ucs2 [134, 8]"]);
        check("¥1,234.56 & Ünlü {x}", expect!["Gsm [22]"]);
        check("ü and ş", expect!["Ucs2 [14]"]);
    }

    #[test]
    fn no_letter_is_cut_in_two() {
        // The escaped letter would stand at 152 and 153.
        check(&format!("{}€{}", "a".repeat(152), "b".repeat(20)), expect!["Gsm [152, 22]"]);
        // The letter outside the basic plane would stand at 66 and 67.
        check(&format!("{}𠮷{}", "账".repeat(66), "单".repeat(10)), expect!["Ucs2 [132, 24]"]);
    }

    #[test]
    fn segments_say_which_they_are() {
        let segments = Encoded::of(&"账".repeat(71), false).segments(0xA7).expect("two are few");
        let headers: Vec<&[u8]> = segments.iter().map(|segment| &segment[..6]).collect();
        assert_eq!(headers, [[5, 0, 3, 0xA7, 2, 1], [5, 0, 3, 0xA7, 2, 2]]);
        assert!(segments.iter().all(|segment| segment.len() <= 140));
        assert_eq!(Encoded::of("hello", false).segments(1).expect("one"), [b"hello"]);
        assert!(Encoded::of(&"账".repeat(67 * 255 + 1), false).segments(0).is_none());
    }

    #[test]
    fn length_and_alphabet_are_told_for_the_price() {
        let text = "【示例消金】您的账单已逾期 3 天，请还款 ¥1,234.56。回T退订";
        let expected = SmsLength { alphabet: SmsAlphabet::Ucs2, segment_count: 1 };
        assert_eq!(sms_length(text), expected);
    }
}
