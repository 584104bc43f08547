//! One bind to a message centre: a connection, the thread that reads from it, and what waits for an answer.
//!
//! Promises that a request whose bytes did not all leave is told apart from one that left and was not answered, that
//! no more than the window's requests wait at a time, that one request without an answer costs no other one its own, that a
//! quiet connection is asked whether it is alive, and that the message centre's own questions are answered while nobody
//! sends. Leaves out what a request is about.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::pdu::{Deliver, Pdu, bind_body, command, status};
use super::wire::Wire;
use crate::config::SmppConfig;
use crate::passing::Since;
use crate::tls::Tls;

/// How long the end of the program waits for the message centre to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// What a bind may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Send and receive.
    Transceiver,
    /// Only send.
    Transmitter,
    /// Only receive.
    Receiver,
}

impl Role {
    pub fn sends(self) -> bool {
        match self {
            Self::Transceiver | Self::Transmitter => true,
            Self::Receiver => false,
        }
    }

    pub fn receives(self) -> bool {
        match self {
            Self::Transceiver | Self::Receiver => true,
            Self::Transmitter => false,
        }
    }

    fn command(self) -> u32 {
        match self {
            Self::Transceiver => command::BIND_TRANSCEIVER,
            Self::Transmitter => command::BIND_TRANSMITTER,
            Self::Receiver => command::BIND_RECEIVER,
        }
    }
}

/// Why a bind did not come about.
#[derive(Debug)]
pub(super) enum BindError {
    /// No connection, or it broke.
    Connection(io::Error),
    /// The message centre said no, with this state.
    Refused(u32),
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The message centre answered with this state, a message id if it took something, and the answer as it came.
    Said { status: u32, id: Option<String>, body: Vec<u8> },
    /// It left, and the connection was lost before an answer came, or later ones were answered long ago and it was not.
    Lost,
    /// It never left.
    NotSent,
}

/// A delivery that was not acknowledged yet.
#[derive(Clone)]
pub(super) struct Incoming {
    pub deliver: Option<Deliver>,
    pdu: Pdu,
    link: Arc<Shared>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A customer's words may stand in it.
        write!(f, "delivery {}", self.pdu.sequence)
    }
}

impl Incoming {
    /// Tells the message centre that it is stored. Where the connection is gone it will send it again.
    pub fn acknowledge(&self) {
        self.link.reply(&self.pdu.response(status::OK));
    }

    /// Tells the message centre that we can do nothing with it.
    pub fn refuse(&self) {
        self.link.reply(&self.pdu.response(status::PERMANENT_APPLICATION_ERROR));
    }
}

/// Deliveries of all binds of a provider, in the order of their coming.
pub(super) type Inbox = Arc<Mutex<Vec<Incoming>>>;

/// A bind.
pub(super) struct Link {
    shared: Arc<Shared>,
    window: usize,
    timeout: Duration,
    reader: Option<JoinHandle<()>>,
}

/// What the sender and the reading thread share.
struct Shared {
    wire: Wire,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    next_sequence: u32,
    /// Requests that wait, each with since when a later one was answered before it.
    waiting: BTreeMap<u32, Option<Since>>,
    /// Answers that nobody has fetched.
    answers: HashMap<u32, Answer>,
    is_open: bool,
    /// The question whether anybody is there, when it was asked because of the silence.
    enquiry: Option<u32>,
}

impl Link {
    /// Connects and binds.
    pub fn open(
        config: &SmppConfig,
        tls: Option<&Tls>,
        role: Role,
        inbox: &Inbox,
    ) -> Result<Self, BindError> {
        let timeout = Duration::from_secs(config.timeout_seconds);
        let place = (config.host.as_str(), config.port);
        let (wire, reading) = Wire::connect(place, tls, timeout).map_err(BindError::Connection)?;
        let link = Self::start(config, inbox, wire, reading, timeout).map_err(BindError::Connection)?;
        let password = config.password.as_ref().map_or("", |password| password.reveal());
        let body = bind_body(&config.system_id, password, &config.system_type);
        let answer = link.ask(role.command(), body);
        match answer {
            Answer::Said { status: status::OK, .. } => Ok(link),
            Answer::Said { status, .. } => Err(BindError::Refused(status)),
            Answer::Lost | Answer::NotSent => Err(BindError::Connection(ErrorKind::ConnectionAborted.into())),
        }
    }

    fn start(
        config: &SmppConfig,
        inbox: &Inbox,
        wire: Wire,
        reading: TcpStream,
        timeout: Duration,
    ) -> io::Result<Self> {
        reading.set_read_timeout(Some(Duration::from_secs(config.enquire_seconds)))?;
        let state = State {
            next_sequence: 1,
            waiting: BTreeMap::new(),
            answers: HashMap::new(),
            is_open: true,
            enquiry: None,
        };
        let shared = Arc::new(Shared { wire, state: Mutex::new(state), changed: Condvar::new() });
        let (of_reader, inbox) = (Arc::clone(&shared), Arc::clone(inbox));
        let reader = thread::Builder::new().name("smpp".to_owned()).spawn(move || {
            read_until_closed(reading, &of_reader, &inbox);
            of_reader.close();
        })?;
        Ok(Self { shared, window: config.window, timeout, reader: Some(reader) })
    }

    pub fn is_open(&self) -> bool {
        self.shared.state().is_open
    }

    /// Waits for room in the window and sends; `None` when it did not leave. Fetch the answer with [`Self::answer`].
    pub fn send(&self, command: u32, body: Vec<u8>) -> Option<u32> {
        let sequence = {
            let state = self.shared.state();
            let is_full = |state: &mut State| state.is_open && state.waiting.len() >= self.window;
            let (mut state, waited) = self
                .shared
                .changed
                .wait_timeout_while(state, self.timeout, is_full)
                .unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() {
                drop(state);
                // Nothing came for so long that what waits is lost, and what would follow too.
                self.shared.close();
                return None;
            }
            if !state.is_open {
                return None;
            }
            let sequence = state.take_sequence();
            state.waiting.insert(sequence, None);
            sequence
        };
        if self.shared.write(&Pdu::new(command, sequence, body)).is_err() {
            // The message centre cannot act on half a unit.
            self.shared.forget(sequence);
            self.shared.close();
            return None;
        }
        Some(sequence)
    }

    /// Of `count` groups of requests the first to which all answers have come; waits for one. The first group of all where
    /// nothing comes any more: the connection is closed then.
    pub fn first_answered<'s>(&self, count: usize, sent: impl Fn(usize) -> &'s [Option<u32>]) -> usize {
        let mut found = None;
        let none_is = |state: &mut State| {
            let is_answered =
                |place: &usize| sent(*place).iter().flatten().all(|one| !state.waiting.contains_key(one));
            found = (0..count).find(is_answered);
            found.is_none()
        };
        let state = self.shared.state();
        drop(self.shared.changed.wait_timeout_while(state, self.timeout, none_is));
        found.unwrap_or_else(|| {
            self.shared.close();
            0
        })
    }

    /// The answer to the request `sequence`; waits for it as long as any answers come, but when a later request is answered
    /// before it, no longer than the timeout from then on: it is lost alone.
    pub fn answer(&self, sequence: u32) -> Answer {
        let mut state = self.shared.state();
        loop {
            if let Some(answer) = state.answers.remove(&sequence) {
                return answer;
            }
            let Some(overtaken) = state.waiting.get(&sequence).copied() else { return Answer::NotSent };
            let patience =
                overtaken.map_or(self.timeout, |since| self.timeout.saturating_sub(since.passed()));
            if patience.is_zero() {
                state.waiting.remove(&sequence);
                drop(state);
                self.shared.changed.notify_all();
                return Answer::Lost;
            }
            let before = state.waiting.len();
            let is_unchanged =
                |state: &mut State| state.waiting.len() == before && state.waiting.contains_key(&sequence);
            let (next, waited) = self
                .shared
                .changed
                .wait_timeout_while(state, patience, is_unchanged)
                .unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() && overtaken.is_none() {
                drop(state);
                self.shared.close();
                state = self.shared.state();
            }
        }
    }

    /// Waits until the connection is lost, for `pause` at most.
    pub fn rest(&self, pause: Duration) {
        let state = self.shared.state();
        drop(self.shared.changed.wait_timeout_while(state, pause, |state| state.is_open));
    }

    /// Asks whether the message centre is there. All that it sent before its answer has then been read.
    pub fn enquire(&self) -> bool {
        matches!(self.ask(command::ENQUIRE_LINK, Vec::new()), Answer::Said { .. })
    }

    /// Sends, and waits for the answer.
    pub fn ask(&self, command: u32, body: Vec<u8>) -> Answer {
        self.send(command, body).map_or(Answer::NotSent, |sequence| self.answer(sequence))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.timeout = GOODBYE;
        if self.is_open() {
            self.ask(command::UNBIND, Vec::new());
        }
        self.shared.close();
        if let Some(reader) = self.reader.take() {
            // The socket is shut, so the thread ends; a panic of it was printed when it happened.
            drop(reader.join());
        }
    }
}

impl State {
    /// Sequence numbers go from 1 to 0x7FFFFFFF (section 5.1.4).
    fn take_sequence(&mut self) -> u32 {
        let sequence = self.next_sequence;
        self.next_sequence = if sequence == 0x7FFF_FFFF { 1 } else { sequence + 1 };
        sequence
    }

    fn answer(&mut self, sequence: u32, answer: Answer) {
        if self.waiting.remove(&sequence).is_none() {
            return;
        }
        self.answers.insert(sequence, answer);
        for (_, overtaken) in self.waiting.range_mut(..sequence) {
            overtaken.get_or_insert_with(Since::now);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, pdu: &Pdu) -> io::Result<()> {
        self.wire.write(&pdu.encode())
    }

    /// Answers the message centre; where that fails, the connection is of no more use.
    fn reply(&self, pdu: &Pdu) {
        if self.write(pdu).is_err() {
            self.close();
        }
    }

    fn forget(&self, sequence: u32) {
        self.state().waiting.remove(&sequence);
    }

    /// Ends the connection: what waits is lost.
    fn close(&self) {
        {
            let mut state = self.state();
            state.is_open = false;
            let lost = std::mem::take(&mut state.waiting);
            state.answers.extend(lost.into_keys().map(|sequence| (sequence, Answer::Lost)));
        }
        self.changed.notify_all();
        self.wire.shut_down();
    }

    /// Asks after a silence, or gives up when the last question was never answered.
    fn enquire_after_silence(&self) -> bool {
        let sequence = {
            let mut state = self.state();
            if state.enquiry.is_some() {
                return false;
            }
            let sequence = state.take_sequence();
            state.enquiry = Some(sequence);
            sequence
        };
        self.write(&Pdu::new(command::ENQUIRE_LINK, sequence, Vec::new())).is_ok()
    }

    /// What the message centre says; `false` ends the connection.
    fn take(self: &Arc<Self>, pdu: Pdu, inbox: &Inbox) -> bool {
        match pdu.command {
            command::DELIVER_SM => {
                let deliver = Deliver::parse(&pdu.body);
                let incoming = Incoming { deliver, pdu, link: Arc::clone(self) };
                inbox.lock().unwrap_or_else(PoisonError::into_inner).push(incoming);
            }
            command::ENQUIRE_LINK => self.reply(&pdu.response(status::OK)),
            command::UNBIND => {
                self.reply(&pdu.response(status::OK));
                return false;
            }
            response if response & command::RESPONSE != 0 => {
                let id = (response != command::GENERIC_NACK).then(|| pdu.first_text()).flatten();
                let mut state = self.state();
                if state.enquiry == Some(pdu.sequence) {
                    state.enquiry = None;
                }
                state.answer(pdu.sequence, Answer::Said { status: pdu.status, id, body: pdu.body });
                drop(state);
                self.changed.notify_all();
            }
            _ => {
                let nack = Pdu {
                    command: command::GENERIC_NACK,
                    status: status::INVALID_COMMAND,
                    sequence: pdu.sequence,
                    body: Vec::new(),
                };
                self.reply(&nack);
            }
        }
        true
    }
}

fn read_until_closed(mut stream: TcpStream, shared: &Arc<Shared>, inbox: &Inbox) {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => {
                if shared.wire.opened(&chunk[..count], &mut bytes).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // A read that waits too long is "would block" to the system.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if shared.enquire_after_silence() {
                    continue;
                }
                return;
            }
            Err(_) => return,
        }
        loop {
            match Pdu::take(&mut bytes) {
                Ok(Some(pdu)) => {
                    if !shared.take(pdu, inbox) {
                        return;
                    }
                }
                Ok(None) => break,
                Err(_) => return,
            }
        }
    }
}
