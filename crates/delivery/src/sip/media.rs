//! Speech on the line: G.711, RTP (RFC 3550), key presses (RFC 4733), session descriptions (RFC 4566), and how to tell
//! a machine from a person.

use std::net::{IpAddr, SocketAddr};

/// Samples in a packet: 20 milliseconds at 8 kHz.
pub(super) const SAMPLES: usize = 160;

/// How speech is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    /// G.711 A-law, payload type 8.
    ALaw,
    /// G.711 mu-law, payload type 0.
    MuLaw,
}

/// What the other side says of its media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// Where speech goes.
    pub address: SocketAddr,
    /// How it is coded.
    pub codec: Codec,
    /// The payload type of key presses, if it sends them.
    pub key_type: Option<u8>,
}

/// What we offer: speech from `ip` and `port`, both laws, and key presses.
pub(super) fn offer(ip: IpAddr, port: u16, id: u64) -> String {
    let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=dunlin {id} 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}

/// Reads an answer; `None` where it has no speech that we can send.
pub(super) fn session_of(text: &str) -> Option<Session> {
    let (mut common, mut own, mut media) = (None, None, None);
    let mut key_type = None;
    for line in text.lines().map(str::trim_end) {
        if let Some(rest) = line.strip_prefix("m=") {
            // Of several media only the first speech counts.
            if media.is_some() {
                break;
            }
            let mut words = rest.split(' ');
            if words.next() == Some("audio") {
                let port: u16 = words.next()?.parse().ok()?;
                let types: Vec<u8> = words.skip(1).filter_map(|word| word.parse().ok()).collect();
                media = Some((port, types));
            }
        } else if let Some(rest) = line.strip_prefix("c=IN ") {
            let ip: Option<IpAddr> = rest.split(' ').nth(1).and_then(|ip| ip.split('/').next()?.parse().ok());
            if media.is_some() { own = ip } else { common = ip }
        } else if let Some(rest) = line.strip_prefix("a=rtpmap:")
            && let Some((number, name)) = rest.split_once(' ')
            && name.to_ascii_lowercase().starts_with("telephone-event/8000")
        {
            key_type = number.parse().ok();
        }
    }
    let (port, types) = media?;
    let codec = types.iter().find_map(|number| match number {
        8 => Some(Codec::ALaw),
        0 => Some(Codec::MuLaw),
        _ => None,
    })?;
    Some(Session { address: SocketAddr::new(own.or(common)?, port), codec, key_type })
}

impl Codec {
    /// The static payload type (RFC 3551).
    pub fn payload_type(self) -> u8 {
        match self {
            Self::ALaw => 8,
            Self::MuLaw => 0,
        }
    }

    /// One sample, coded (ITU-T G.711).
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Self::ALaw => a_law(sample),
            Self::MuLaw => mu_law(sample),
        }
    }

    /// How loud a coded sample is, roughly: 0 to 32767.
    pub fn loudness(self, byte: u8) -> i32 {
        let (exponent, mantissa) = match self {
            Self::ALaw => ((byte ^ 0x55) >> 4 & 7, i32::from((byte ^ 0x55) & 0x0F)),
            Self::MuLaw => (!byte >> 4 & 7, i32::from(!byte & 0x0F)),
        };
        match (self, exponent) {
            (Self::ALaw, 0) => mantissa * 16 + 8,
            (Self::ALaw, exponent) => (mantissa * 16 + 0x108) << (exponent - 1),
            (Self::MuLaw, exponent) => (((mantissa << 3) + 0x84) << exponent) - 0x84,
        }
    }
}

fn a_law(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_767) >> 4;
    let mut exponent = 0;
    let mut rest = magnitude;
    while rest > 0x1F {
        rest >>= 1;
        exponent += 1;
    }
    let coded = if magnitude > 0x0F { (exponent + 1) << 4 | (rest & 0x0F) } else { magnitude };
    (u8::try_from(coded).unwrap_or(0x7F) | sign) ^ 0x55
}

fn mu_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_635) + 0x84;
    let exponent = (0..8).rev().find(|exponent| magnitude & (0x80 << exponent) != 0).unwrap_or(0);
    let mantissa = magnitude >> (exponent + 3) & 0x0F;
    !(u8::try_from(exponent << 4 | mantissa).unwrap_or(0x7F) | sign)
}

/// A packet of speech.
pub(super) fn packet(
    payload_type: u8,
    is_first: bool,
    number: u16,
    time: u32,
    source: u32,
    payload: &[u8],
) -> Vec<u8> {
    let mut bytes = vec![0x80, payload_type | if is_first { 0x80 } else { 0 }];
    bytes.extend(number.to_be_bytes());
    bytes.extend(time.to_be_bytes());
    bytes.extend(source.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A packet that came: its type, its time and what it carries.
pub(super) fn read_packet(bytes: &[u8]) -> Option<(u8, u32, &[u8])> {
    if bytes.len() < 12 || bytes[0] >> 6 != 2 {
        return None;
    }
    let mut start = 12 + usize::from(bytes[0] & 0x0F) * 4;
    if bytes[0] & 0x10 != 0 {
        let words = u16::from_be_bytes([*bytes.get(start + 2)?, *bytes.get(start + 3)?]);
        start += 4 + usize::from(words) * 4;
    }
    let time = u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    let padding = if bytes[0] & 0x20 != 0 { usize::from(*bytes.last()?) } else { 0 };
    Some((bytes[1] & 0x7F, time, bytes.get(start..bytes.len().checked_sub(padding)?)?))
}

/// The key of an event that has ended, as a letter; each press ends in three packets of one time.
pub(super) fn key_of(payload: &[u8]) -> Option<char> {
    let has_ended = payload.get(1)? & 0x80 != 0;
    let key = *b"0123456789*#ABCD".get(usize::from(*payload.first()?))?;
    has_ended.then_some(char::from(key))
}

/// The key in the body of a SIP INFO: `application/dtmf-relay` (`Signal=2`) or `application/dtmf` (`2`).
pub(super) fn key_of_info(body: &str) -> Option<char> {
    let signal = body.lines().find_map(|line| line.trim().strip_prefix("Signal=")).unwrap_or(body);
    signal.trim().chars().next().filter(|key| "0123456789*#ABCD".contains(*key))
}

/// Listens to how the call is taken: a person says a word and waits, a machine talks on.
pub(super) struct Listener {
    /// Loud packets without a long pause between them make a machine from here on.
    machine_packets: u32,
    spoken: u32,
    quiet: u32,
    heard: u32,
}

/// What the listener makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TakenBy {
    /// Not clear yet.
    Unclear,
    /// A person: a short word and a pause, or nothing.
    Person,
    /// A machine.
    Machine,
}

/// As loud as speech; noise on a line lies well below.
const SPEECH: i32 = 500;
/// A pause after a word, in packets: 700 milliseconds.
const PAUSE: u32 = 35;
/// Nobody says anything for so many packets: 3 seconds.
const SILENCE: u32 = 150;

impl Listener {
    /// A greeting of more than `machine_ms` milliseconds is a machine's.
    pub fn new(machine_ms: u32) -> Self {
        Self { machine_packets: machine_ms / 20, spoken: 0, quiet: 0, heard: 0 }
    }

    /// Takes in 20 milliseconds.
    pub fn hear(&mut self, codec: Codec, payload: &[u8]) -> TakenBy {
        let count = i32::try_from(payload.len().max(1)).unwrap_or(i32::MAX);
        let mean = payload.iter().map(|byte| codec.loudness(*byte)).sum::<i32>() / count;
        self.take(mean >= SPEECH)
    }

    /// Takes in 20 milliseconds in which nothing came.
    pub fn hear_nothing(&mut self) -> TakenBy {
        self.take(false)
    }

    /// Whether nothing is said at this moment.
    pub fn is_quiet(&self) -> bool {
        self.quiet > 0
    }

    fn take(&mut self, is_speech: bool) -> TakenBy {
        self.heard += 1;
        if is_speech {
            self.spoken += 1;
            self.quiet = 0;
        } else {
            self.quiet += 1;
        }
        match () {
            () if self.spoken >= self.machine_packets => TakenBy::Machine,
            () if self.spoken > 0 && self.quiet >= PAUSE => TakenBy::Person,
            () if self.spoken == 0 && self.heard >= SILENCE => TakenBy::Person,
            () => TakenBy::Unclear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_is_coded_as_the_standard_says() {
        // ITU-T G.711 tables 1 and 2: silence, the loudest values, and some between.
        let a: Vec<u8> = [0, 8, -8, 1_000, -1_000, 32_767, -32_768].map(|it| Codec::ALaw.encode(it)).to_vec();
        assert_eq!(a, [0xD5, 0xD5, 0x55, 0xFA, 0x7A, 0xAA, 0x2A]);
        let mu: Vec<u8> = [0, 1_000, -1_000, 32_767, -32_768].map(|it| Codec::MuLaw.encode(it)).to_vec();
        assert_eq!(mu, [0xFF, 0xCE, 0x4E, 0x80, 0x00]);
        for codec in [Codec::ALaw, Codec::MuLaw] {
            for sample in [300_i16, 1_000, 5_000, 20_000] {
                let heard = codec.loudness(codec.encode(sample));
                assert!(
                    (heard - i32::from(sample)).abs() <= i32::from(sample) / 16,
                    "{codec:?} {sample} {heard}"
                );
            }
        }
    }

    #[test]
    fn packets_and_keys_are_read() {
        let made = packet(8, true, 7, 160, 0xABCD, &[0xD5; 4]);
        assert_eq!(read_packet(&made), Some((8, 160, &[0xD5; 4][..])));
        assert_eq!(read_packet(&made[..11]), None);
        assert_eq!(key_of(&[2, 0x8A, 0x03, 0x20]), Some('2'), "the end bit is set");
        assert_eq!(key_of(&[2, 0x0A, 0x03, 0x20]), None, "it is still pressed");
        assert_eq!(key_of(&[99, 0x80, 0, 0]), None);
        assert_eq!(key_of_info("Signal=3\r\nDuration=160\r\n"), Some('3'));
        assert_eq!((key_of_info("9"), key_of_info("x"), key_of_info("")), (Some('9'), None, None));
    }

    #[test]
    fn the_answer_says_where_speech_goes_and_how() {
        let text = "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18 0 96\r\n\
            a=rtpmap:96 telephone-event/8000\r\nm=video 5000 RTP/AVP 99\r\nc=IN IP4 10.0.0.6\r\n";
        let expected = Session {
            address: "10.0.0.5:4000".parse().expect("an address"),
            codec: Codec::MuLaw,
            key_type: Some(96),
        };
        assert_eq!(session_of(text), Some(expected));
        assert_eq!(session_of(&text.replace("18 0 96", "18")), None, "none of our codecs");
        assert_eq!(session_of(""), None);
    }

    #[test]
    fn a_machine_talks_on_and_a_person_waits() {
        let taken = |pattern: &[(bool, u32)]| {
            let mut listener = Listener::new(2_400);
            let packets =
                pattern.iter().flat_map(|(loud, count)| std::iter::repeat_n(*loud, *count as usize));
            packets.map(|loud| listener.take(loud)).find(|taken| *taken != TakenBy::Unclear)
        };
        assert_eq!(taken(&[(false, 20), (true, 40), (false, 40)]), Some(TakenBy::Person), "hello?");
        assert_eq!(
            taken(&[(true, 60), (false, 20), (true, 60)]),
            Some(TakenBy::Machine),
            "please leave a message"
        );
        assert_eq!(taken(&[(false, 150)]), Some(TakenBy::Person), "says nothing");
        assert_eq!(taken(&[(false, 149)]), None);
        assert_eq!(taken(&[(true, 119)]), None);
    }
}
