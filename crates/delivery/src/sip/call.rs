//! One call, from the INVITE to its end.
//!
//! Promises that what had surely not reached the trunk is told apart from what may have: a phone that rang once does not
//! ring again because an answer was lost. Each call has a socket and a thread of its own.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::digest::{Signed, authorization};
use super::line::{Broken, Line};
use super::media::{
    Codec, Listener, SAMPLES, Session, TakenBy, key_of, key_of_info, offer, packet, read_packet, session_of,
};
use super::text::{Dialog, Incoming, response_to};
use crate::config::{SipConfig, SipVoicemail};
use crate::passing::Since;
use crate::tls::Tls;

/// The first wait for an answer over UDP before a request is sent again (T1 of RFC 3261).
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest (T2).
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// After so long without any word of the trunk nobody knows whether the INVITE reached it (64 times T1).
const NO_WORD: Duration = Duration::from_secs(32);
/// How long the answer to BYE and CANCEL is waited for.
const FAREWELL: Duration = Duration::from_secs(4);
/// A packet of speech every 20 milliseconds.
const PACE: Duration = Duration::from_millis(20);
/// How long a machine's greeting is waited out, in packets: 30 seconds.
const GREETING_PACKETS_MAX: u32 = 1_500;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The trunk was not reached, or takes nothing: nobody's phone rang.
    Unavailable(String, String),
    /// The trunk asks for patience.
    Throttled(String),
    /// The trunk may have called; its word was lost.
    Unknown(String),
    /// The number does not exist.
    BadNumber(String),
    /// The line was busy.
    Busy,
    /// Nobody took the call, or the phone was off.
    Unanswered,
    /// The call was turned down.
    Declined,
    /// A machine answered; whether a message was left on it.
    Machine { is_message_left: bool },
    /// It was answered and ended before enough was heard, or before it was clear who was there.
    Dropped { key: Option<char> },
    /// Enough was heard, or a key says so.
    Heard { key: Option<char> },
    /// Somebody else is there.
    WrongPerson,
}

/// What a call is made of.
pub(super) struct Order<'a> {
    pub config: &'a SipConfig,
    /// The number as the trunk wants it.
    pub number: &'a str,
    /// Different for every attempt, the same for its repeats: names call, tags and branches.
    pub mark: &'a str,
    /// What asks who is there; empty where nothing has to be kept from others. The rest follows when 1 is pressed.
    pub opening: &'a [i16],
    /// What is said.
    pub speech: &'a [i16],
    /// What is said to a machine.
    pub to_machine: Option<&'a [i16]>,
    /// Where the trunk is reached within TLS.
    pub tls: Option<&'a Tls>,
}

/// Places the call and stays on it to its end.
pub(super) fn place(order: &Order<'_>) -> Ended {
    let timeout = Duration::from_secs(order.config.timeout_seconds);
    let trunk = (order.config.host.as_str(), order.config.port);
    let opened = Line::open(trunk, order.config.transport, order.tls, timeout);
    let line = match opened.and_then(|line| Ok((line.local()?, line))) {
        Ok(line) => line,
        Err(Broken(detail)) => return Ended::Unavailable("no_connection".to_owned(), detail),
    };
    let (local, line) = line;
    let ear =
        match UdpSocket::bind(SocketAddr::new(local.ip(), 0)).and_then(|ear| Ok((ear.local_addr()?, ear))) {
            Ok((address, ear)) => (address.port(), ear),
            Err(error) => return Ended::Unavailable("no_socket".to_owned(), error.to_string()),
        };
    let SipConfig { domain, caller, .. } = order.config;
    let dialog = Dialog {
        transport: order.config.transport.name(),
        local: local.to_string(),
        target: format!("sip:{}@{domain}", order.number),
        from: format!("sip:{caller}@{domain}"),
        call_id: format!("{}@dunlin", order.mark),
        from_tag: order.mark.to_owned(),
        to: None,
        remote_target: None,
        route: Vec::new(),
        user: caller.clone(),
    };
    Call { order, line, dialog, ear: ear.1, ear_port: ear.0, sequence: 1, session: None, local }.run()
}

struct Call<'a> {
    order: &'a Order<'a>,
    line: Line,
    dialog: Dialog,
    ear: UdpSocket,
    ear_port: u16,
    sequence: u32,
    session: Option<Session>,
    local: SocketAddr,
}

/// What the phone did while it rang.
enum Rung {
    Answered,
    Ended(Ended),
}

impl Call<'_> {
    fn run(mut self) -> Ended {
        match self.ring(None) {
            Ok(Rung::Answered) => self.speak(),
            Ok(Rung::Ended(ended)) => ended,
            Err(Broken(detail)) => Ended::Unknown(detail),
        }
    }

    fn branch(&self) -> String {
        format!("z9hG4bK{}{}", self.order.mark, self.sequence)
    }

    fn invite(&self, signature: Option<&(&'static str, String)>) -> String {
        let id = self
            .order
            .mark
            .bytes()
            .fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let offer = offer(self.local.ip(), self.ear_port, id >> 16);
        let mut extra = vec![("Allow", "INVITE, ACK, CANCEL, BYE, INFO, OPTIONS".to_owned())];
        extra.extend(signature.cloned());
        self.dialog.request(
            "INVITE",
            (self.sequence, &self.branch()),
            &extra,
            Some(("application/sdp", &offer)),
        )
    }

    /// Sends the INVITE and follows it to its last word.
    fn ring(&mut self, signature: Option<(&'static str, String)>) -> Result<Rung, Broken> {
        let invite = self.invite(signature.as_ref());
        if let Err(Broken(detail)) = self.line.send(&invite) {
            return Ok(Rung::Ended(Ended::Unavailable("no_connection".to_owned(), detail)));
        }
        let began = Since::now();
        let (mut has_word, mut is_cancelled) = (false, false);
        let mut wait = FIRST_WAIT;
        let mut again_at = FIRST_WAIT;
        let ring_for = Duration::from_secs(self.order.config.ring_seconds);
        let mut give_up_at = NO_WORD;
        loop {
            let passed = began.passed();
            if !has_word && passed >= NO_WORD {
                return Ok(Rung::Ended(Ended::Unknown("the trunk did not answer the INVITE".to_owned())));
            }
            if has_word && !is_cancelled && passed >= ring_for {
                let cancel = self.dialog.request("CANCEL", (self.sequence, &self.branch()), &[], None);
                self.line.send(&cancel)?;
                is_cancelled = true;
                give_up_at = passed + FAREWELL * 2;
            }
            if is_cancelled && passed >= give_up_at {
                // It rang, we asked to stop, and heard no more: it rang in vain.
                return Ok(Rung::Ended(Ended::Unanswered));
            }
            if self.line.loses() && !has_word && passed >= again_at {
                self.line.send(&invite)?;
                wait = (wait * 2).min(LONGEST_WAIT);
                again_at = passed + wait;
            }
            let received = match self.line.receive(Duration::from_millis(50)) {
                Ok(received) => received,
                // Nobody listens at the trunk's port: the INVITE has reached nobody.
                Err(Broken(detail)) if !has_word && self.line.loses() => {
                    return Ok(Rung::Ended(Ended::Unavailable("no_connection".to_owned(), detail)));
                }
                Err(broken) => return Err(broken),
            };
            let Some(message) = received else { continue };
            let Some(status) = self.invite_status(&message)? else { continue };
            if let Some(session) = session_of(&message.body) {
                self.session = Some(session);
            }
            match status {
                100..200 => has_word = true,
                200..300 => {
                    self.dialog.learn(&message);
                    self.acknowledge()?;
                    if is_cancelled {
                        // Taken in the moment in which we gave up.
                        self.say_goodbye();
                        return Ok(Rung::Ended(Ended::Dropped { key: None }));
                    }
                    return Ok(Rung::Answered);
                }
                _ => {
                    self.acknowledge_refusal(&message)?;
                    if matches!(status, 401 | 407)
                        && signature.is_none()
                        && let Some(signature) = self.sign(&message, status)
                    {
                        self.sequence += 1;
                        return self.ring(Some(signature));
                    }
                    return Ok(Rung::Ended(refusal(status, message.phrase(), is_cancelled)));
                }
            }
        }
    }

    /// The status of a response to our INVITE; anything else is answered or left alone.
    fn invite_status(&mut self, message: &Incoming) -> Result<Option<u16>, Broken> {
        let Some(status) = message.status() else {
            self.answer(message)?;
            return Ok(None);
        };
        let is_ours = message.sequence() == Some((self.sequence, "INVITE"))
            && message.header("call-id") == Some(self.dialog.call_id.as_str());
        Ok(is_ours.then_some(status))
    }

    /// Answers a request of the other side that changes nothing.
    fn answer(&mut self, request: &Incoming) -> Result<(), Broken> {
        let text = match request.method() {
            Some("ACK") | None => return Ok(()),
            Some("OPTIONS" | "INFO" | "BYE") => response_to(request, 200, "OK"),
            Some("INVITE" | "UPDATE") => response_to(request, 488, "Not Acceptable Here"),
            Some(_) => response_to(request, 405, "Method Not Allowed"),
        };
        self.line.send(&text)
    }

    fn acknowledge(&mut self) -> Result<(), Broken> {
        let branch = format!("{}ack", self.branch());
        let ack = self.dialog.request("ACK", (self.sequence, &branch), &[], None);
        self.line.send(&ack)
    }

    /// An ACK of a refusal is of the same transaction, and names the other side as the refusal does.
    fn acknowledge_refusal(&mut self, response: &Incoming) -> Result<(), Broken> {
        let to = self.dialog.to.take();
        let mut ack = self.dialog.request("ACK", (self.sequence, &self.branch()), &[], None);
        if let Some(named) = response.header("to") {
            ack = ack.replacen(&format!("To: <{}>", self.dialog.target), &format!("To: {named}"), 1);
        }
        self.dialog.to = to;
        self.line.send(&ack)
    }

    fn sign(&self, challenge: &Incoming, status: u16) -> Option<(&'static str, String)> {
        let credentials = self.order.config.credentials.as_ref()?;
        let (asked, given) = match status {
            401 => ("www-authenticate", "Authorization"),
            _ => ("proxy-authenticate", "Proxy-Authorization"),
        };
        let signed = Signed {
            user: &credentials.user,
            password: &credentials.password,
            method: "INVITE",
            uri: &self.dialog.target,
            cnonce: self.order.mark,
        };
        challenge.all(asked).find_map(|value| authorization(value, &signed)).map(|value| (given, value))
    }

    /// The call is taken: listens to who took it, speaks, waits for a key, and ends it.
    fn speak(mut self) -> Ended {
        let session = self.session.filter(|_| self.ear.set_nonblocking(true).is_ok());
        let Some(session) = session else {
            self.say_goodbye();
            return Ended::Dropped { key: None };
        };
        let order = self.order;
        let config = order.config;
        let mut talk = Talk::new(session, order.mark);
        let began = Since::now();
        let mut ears = Ears::new(config);
        let mut is_opening = !order.opening.is_empty();
        let mut speech = if is_opening { order.opening } else { order.speech };
        let mut after = 0_u64;
        let enough = (config.heard_seconds * 50).min((order.speech.len() / SAMPLES) as u64);
        loop {
            let heard = self.overhear(&mut talk, &mut ears);
            let has_heard_enough = !is_opening && ears.taken_by == TakenBy::Person && talk.sent >= enough;
            match heard {
                Ok(Heard::Nothing) => {}
                Ok(Heard::Key('1')) if is_opening => {
                    // The person is there: now the message itself.
                    is_opening = false;
                    speech = order.speech;
                    ears.taken_by = TakenBy::Person;
                    after = 0;
                    talk.begin();
                }
                Ok(Heard::Key(key)) => {
                    if let Some(ended) = ended_by_key(key, is_opening) {
                        self.say_goodbye();
                        return ended;
                    }
                }
                Ok(Heard::Goodbye) | Err(_) if ears.taken_by == TakenBy::Machine => {
                    return Ended::Machine { is_message_left: false };
                }
                Ok(Heard::Goodbye) | Err(_) if has_heard_enough => return Ended::Heard { key: None },
                Ok(Heard::Goodbye) | Err(_) => return Ended::Dropped { key: None },
            }
            let speaks = match (ears.taken_by, config.voicemail, order.to_machine) {
                (TakenBy::Unclear, _, _) => false,
                (TakenBy::Person, _, _) => true,
                (TakenBy::Machine, SipVoicemail::Message, Some(to_machine)) => {
                    speech = to_machine;
                    ears.greeting_is_over()
                }
                (TakenBy::Machine, _, _) => {
                    self.say_goodbye();
                    return Ended::Machine { is_message_left: false };
                }
            };
            if talk.send(&self.ear, speech, speaks) {
                after += 1;
                let is_machine = ears.taken_by == TakenBy::Machine;
                if is_machine || after > config.key_seconds * 50 {
                    self.say_goodbye();
                    return match (is_machine, is_opening) {
                        (true, _) => Ended::Machine { is_message_left: true },
                        (false, true) => Ended::Dropped { key: None },
                        (false, false) => Ended::Heard { key: None },
                    };
                }
            }
            talk.ticks += 1;
            // What is left of the 20 milliseconds is spent listening to the trunk.
            talk.wait = (PACE * talk.ticks).saturating_sub(began.passed());
        }
    }

    /// Takes in what came on both sockets within the rest of the packet's time.
    fn overhear(&mut self, talk: &mut Talk, ears: &mut Ears) -> Result<Heard, Broken> {
        let message = self.line.receive(talk.wait.max(Duration::from_millis(1)))?;
        if let Some(message) = message {
            match (message.status(), message.method()) {
                // The other side did not hear our ACK.
                (Some(200..300), _) if message.sequence() == Some((self.sequence, "INVITE")) => {
                    self.acknowledge()?
                }
                (Some(_), _) | (None, None) => {}
                (None, Some(method)) => {
                    self.answer(&message)?;
                    if method == "BYE" {
                        return Ok(Heard::Goodbye);
                    }
                    if method == "INFO"
                        && let Some(key) = key_of_info(&message.body)
                    {
                        return Ok(Heard::Key(key));
                    }
                }
            }
        }
        let mut buffer = [0; 2_048];
        let (mut pressed, mut came) = (None, false);
        // Bounded, so that a flood of packets does not keep us from speaking.
        for _ in 0..16 {
            let Ok((length, _)) = self.ear.recv_from(&mut buffer) else { break };
            let Some((kind, time, payload)) = read_packet(&buffer[..length]) else { continue };
            if Some(kind) == talk.session.key_type {
                if let Some(key) = key_of(payload)
                    && talk.last_key_at != Some(time)
                {
                    talk.last_key_at = Some(time);
                    pressed = Some(key);
                }
            } else if kind == talk.session.codec.payload_type() {
                came = true;
                ears.hear(Some((talk.session.codec, payload)));
            }
        }
        if !came {
            ears.hear(None);
        }
        Ok(pressed.map_or(Heard::Nothing, Heard::Key))
    }

    /// Ends the call and waits a little for the answer; what the answer is changes nothing.
    fn say_goodbye(&mut self) {
        self.sequence += 1;
        let bye = self.dialog.request("BYE", (self.sequence, &self.branch()), &[], None);
        let began = Since::now();
        let mut again_at = Duration::ZERO;
        let mut wait = FIRST_WAIT;
        while began.passed() < FAREWELL {
            if began.passed() >= again_at && (self.line.loses() || again_at.is_zero()) {
                if self.line.send(&bye).is_err() {
                    return;
                }
                again_at = began.passed() + wait;
                wait *= 2;
            }
            match self.line.receive(Duration::from_millis(50)) {
                Ok(Some(message)) if message.sequence() == Some((self.sequence, "BYE")) => return,
                Ok(Some(message)) => {
                    let answered = self.answer(&message);
                    if answered.is_err() || message.method() == Some("BYE") {
                        return;
                    }
                }
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }
}

/// What came while we spoke.
enum Heard {
    Nothing,
    Key(char),
    Goodbye,
}

/// Who took the call, as far as can be heard.
struct Ears {
    listener: Listener,
    taken_by: TakenBy,
    packets: u32,
    quiet: u32,
}

impl Ears {
    fn new(config: &SipConfig) -> Self {
        let taken_by =
            if config.voicemail == SipVoicemail::Ignore { TakenBy::Person } else { TakenBy::Unclear };
        Self { listener: Listener::new(config.machine_ms), taken_by, packets: 0, quiet: 0 }
    }

    /// Takes in 20 milliseconds.
    fn hear(&mut self, speech: Option<(Codec, &[u8])>) {
        let now = match speech {
            Some((codec, payload)) => self.listener.hear(codec, payload),
            None => self.listener.hear_nothing(),
        };
        if self.taken_by == TakenBy::Unclear {
            self.taken_by = now;
        }
        self.packets += 1;
        self.quiet = if self.listener.is_quiet() { self.quiet + 1 } else { 0 };
    }

    /// Whether a machine has said what it says: a second of silence, or it goes on and on.
    fn greeting_is_over(&self) -> bool {
        self.quiet >= 50 || self.packets >= GREETING_PACKETS_MAX
    }
}

/// What a key ends the call with; other keys are no answer. Before it is clear who is there, nothing was heard yet.
fn ended_by_key(key: char, is_opening: bool) -> Option<Ended> {
    match (key, is_opening) {
        ('1' | '3' | '9', false) => Some(Ended::Heard { key: Some(key) }),
        ('2', _) => Some(Ended::WrongPerson),
        ('3' | '9', true) => Some(Ended::Dropped { key: Some(key) }),
        _ => None,
    }
}

/// What a refusal of the INVITE means.
fn refusal(status: u16, phrase: &str, is_cancelled: bool) -> Ended {
    let word = format!("{status} {phrase}");
    match status {
        404 | 410 | 484 | 604 => Ended::BadNumber(word),
        486 | 600 => Ended::Busy,
        408 | 480 => Ended::Unanswered,
        487 if is_cancelled => Ended::Unanswered,
        603 | 607 | 608 => Ended::Declined,
        429 => Ended::Throttled(word),
        _ => Ended::Unavailable(status.to_string(), word),
    }
}

/// Our side of the speech.
struct Talk {
    session: Session,
    /// Packets of speech sent.
    sent: u64,
    ticks: u32,
    wait: Duration,
    number: u16,
    time: u32,
    source: u32,
    place: usize,
    last_key_at: Option<u32>,
}

impl Talk {
    fn new(session: Session, mark: &str) -> Self {
        let seed = mark.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(131).wrapping_add(u32::from(byte)));
        Self {
            session,
            sent: 0,
            ticks: 0,
            wait: Duration::ZERO,
            number: (seed & 0x7FFF) as u16,
            time: seed,
            source: seed.rotate_left(13),
            place: 0,
            last_key_at: None,
        }
    }

    /// Begins another speech.
    fn begin(&mut self) {
        self.place = 0;
        self.sent = 0;
    }

    /// Sends the next 20 milliseconds: of the speech, if it is time to speak, else of silence. Whether the speech is over.
    fn send(&mut self, ear: &UdpSocket, speech: &[i16], speaks: bool) -> bool {
        let is_over = speaks && self.place >= speech.len();
        let samples = if speaks && !is_over { &speech[self.place..] } else { &[] };
        let codec = self.session.codec;
        let payload: Vec<u8> =
            (0..SAMPLES).map(|index| codec.encode(samples.get(index).copied().unwrap_or(0))).collect();
        let bytes =
            packet(codec.payload_type(), self.ticks == 0, self.number, self.time, self.source, &payload);
        // Lost speech is no reason to end the call: whoever cannot hear us hangs up.
        let _sent = ear.send_to(&bytes, self.session.address);
        self.number = self.number.wrapping_add(1);
        self.time = self.time.wrapping_add(SAMPLES as u32);
        if speaks && !is_over {
            self.place += SAMPLES;
            self.sent += 1;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_of_a_trunk_has_its_meaning() {
        let check =
            |status: u16, expected: Ended| assert_eq!(refusal(status, "x", true), expected, "{status}");
        check(404, Ended::BadNumber("404 x".to_owned()));
        check(410, Ended::BadNumber("410 x".to_owned()));
        check(484, Ended::BadNumber("484 x".to_owned()));
        check(486, Ended::Busy);
        check(600, Ended::Busy);
        check(480, Ended::Unanswered);
        check(487, Ended::Unanswered);
        check(603, Ended::Declined);
        check(429, Ended::Throttled("429 x".to_owned()));
        check(503, Ended::Unavailable("503".to_owned(), "503 x".to_owned()));
        check(403, Ended::Unavailable("403".to_owned(), "403 x".to_owned()));
        let own = refusal(487, "x", false);
        assert_eq!(own, Ended::Unavailable("487".to_owned(), "487 x".to_owned()), "we did not ask for it");
    }
}
