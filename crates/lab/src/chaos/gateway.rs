//! The made-up provider: a real server on this machine, which takes messages, answers as a seed has it, and remembers what
//! it really took.
//!
//! What it answers to an attempt is drawn from the attempt's id, so that it does not depend on the order of requests.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{MessageId, hash_parts};
use serde_json::{Value, json};

use super::PROVIDERS;

/// A message that the provider took.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The number or address; of a letter the name, a line break, and the address.
    pub to: String,
    /// When.
    pub at: Timestamp,
    /// When it was to be out of date.
    pub until: String,
    /// The number of the request.
    pub order: u64,
}

/// A receipt that is still to be brought.
struct Coming {
    provider: usize,
    body: String,
    message: MessageId,
    state: &'static str,
    is_by_reference: bool,
}

/// What a receipt that was brought said of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// `delivered` or `failed`.
    pub state: &'static str,
    /// Whether it named the message by the provider's reference only, which nobody knows whose answer was lost.
    pub is_by_reference: bool,
    /// How many requests the provider had had when it was brought.
    pub after: u64,
}

/// The address alone; a letter names its reader above it.
#[must_use]
pub fn address_of(to: &str) -> &str {
    to.split_once('\n').map_or(to, |(_, address)| address)
}

#[derive(Default)]
struct Book {
    /// All messages that were taken, each time.
    taken: HashMap<MessageId, Vec<Taken>>,
    /// Messages whose answer was withheld after they were taken.
    withheld: u64,
    /// Requests in all.
    asked: u64,
    /// Questions what became of a message, and how many of them were answered by "never taken".
    questions: u64,
    never_taken: u64,
    coming: BTreeMap<i64, Vec<Coming>>,
    /// What receipts said of a message, of those that were brought.
    told: HashMap<MessageId, Vec<Told>>,
    last: Option<MessageId>,
    /// Numbers and addresses of which the provider said that they are nobody's.
    nobody: HashSet<String>,
}

/// The provider.
pub struct Gateway {
    port: u16,
    book: Arc<Mutex<Book>>,
    behaves: Arc<AtomicBool>,
}

fn lock(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    /// Taken, and the answer is a server's error.
    TakenThenError,
    /// Taken, and the connection ends.
    TakenThenGone,
    /// Lost on the way, and the answer is a server's error: nobody can tell it from one that was taken.
    LostThenError,
    Later,
    Refused,
    Nobody,
    Patience,
    Closed,
}

impl Answer {
    fn drawn(seed: u64, attempt: &str) -> Self {
        let hash = hash_parts("chaos answer", &[&seed.to_le_bytes(), attempt.as_bytes()]);
        match u16::from_le_bytes([hash[0], hash[1]]) % 1_000 {
            0..=19 => Self::TakenThenError,
            20..=29 => Self::LostThenError,
            30..=39 => Self::TakenThenGone,
            40..=69 => Self::Later,
            70..=79 => Self::Refused,
            80..=84 => Self::Nobody,
            85..=87 => Self::Patience,
            88..=89 => Self::Closed,
            _ => Self::Yes,
        }
    }

    fn is_taken(self) -> bool {
        matches!(self, Self::Yes | Self::TakenThenError | Self::TakenThenGone)
    }
}

impl Gateway {
    /// Listens on a free port of this machine. `clock` is the moment in micro-seconds. One that is forgetful says of whatever it
    /// took that it never did, when it is asked, and brings no receipt of what it took without saying so.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(seed: u64, clock: Arc<AtomicI64>, is_forgetful: bool) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let book: Arc<Mutex<Book>> = Arc::default();
        let behaves = Arc::new(AtomicBool::new(false));
        let (own_book, own_behaves) = (Arc::clone(&book), Arc::clone(&behaves));
        let desk = Desk { seed, clock, book: own_book, behaves: own_behaves, is_forgetful };
        let desk = Arc::new(desk);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // A caller that has gone again is none.
                let Ok(stream) = stream else { continue };
                let desk = Arc::clone(&desk);
                std::thread::spawn(move || desk.serve(stream));
            }
        });
        Ok(Self { port, book, behaves })
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on everything is taken and said so.
    pub fn behave(&self) {
        self.behaves.store(true, Ordering::SeqCst);
    }

    /// How many messages were taken so far.
    #[must_use]
    pub fn taken_count(&self) -> u64 {
        lock(&self.book).taken.len() as u64
    }

    /// How many were taken without saying so.
    #[must_use]
    pub fn withheld_count(&self) -> u64 {
        lock(&self.book).withheld
    }

    /// Requests in all.
    #[must_use]
    pub fn asked_count(&self) -> u64 {
        lock(&self.book).asked
    }

    /// How often it was asked what became of a message, and how often it said that it never took it.
    #[must_use]
    pub fn question_counts(&self) -> (u64, u64) {
        let book = lock(&self.book);
        (book.questions, book.never_taken)
    }

    /// Each time that a message was taken.
    #[must_use]
    pub fn taken(&self) -> HashMap<MessageId, Vec<Taken>> {
        lock(&self.book).taken.clone()
    }

    /// Numbers and addresses of which it said that they are nobody's.
    #[must_use]
    pub fn nobody(&self) -> HashSet<String> {
        lock(&self.book).nobody.clone()
    }

    /// What receipts said, by message.
    #[must_use]
    pub fn told(&self) -> HashMap<MessageId, Vec<Told>> {
        lock(&self.book).told.clone()
    }

    /// The receipts that are due, with the place of their provider.
    #[must_use]
    pub fn due_receipts(&self, now: Timestamp) -> Vec<(usize, String)> {
        let mut book = lock(&self.book);
        let later = book.coming.split_off(&(now.micros() + 1));
        let due = std::mem::replace(&mut book.coming, later);
        let mut all: Vec<Coming> = due.into_values().flatten().collect();
        // Requests of one moment come in any order; receipts do not.
        all.sort_by(|left, right| (left.message, left.state).cmp(&(right.message, right.state)));
        for coming in &all {
            let after = book.asked;
            let told = Told { state: coming.state, is_by_reference: coming.is_by_reference, after };
            book.told.entry(coming.message).or_default().push(told);
        }
        // A hundred in a call-back, as providers do.
        let mut batches = Vec::new();
        for provider in 0..PROVIDERS.len() {
            let own: Vec<&str> = all
                .iter()
                .filter(|coming| coming.provider == provider)
                .map(|coming| coming.body.as_str())
                .collect();
            batches.extend(own.chunks(100).map(|chunk| (provider, format!("[{}]", chunk.join(",")))));
        }
        batches
    }

    /// The body of a receipt that somebody makes up about a message that was taken, or about none.
    #[must_use]
    pub fn forged_about(&self, draw: u64) -> String {
        let last = lock(&self.book).last;
        let id = last.unwrap_or(MessageId(hash_parts("chaos forged", &[&draw.to_le_bytes()])));
        json!({ "id": id.to_string(), "state": "failed", "code": "forged" }).to_string()
    }
}

struct Desk {
    seed: u64,
    clock: Arc<AtomicI64>,
    book: Arc<Mutex<Book>>,
    behaves: Arc<AtomicBool>,
    /// Whether it does not know what it took when it is asked.
    is_forgetful: bool,
}

impl Desk {
    /// Answers the requests of one connection until it ends.
    fn serve(&self, stream: TcpStream) {
        let Ok(writing) = stream.try_clone() else { return };
        let (mut reader, mut writer) = (BufReader::new(stream), writing);
        while let Some((path, body)) = read_request(&mut reader) {
            let Some(reply) = self.answer(&path, &body) else { return };
            if writer.write_all(reply.as_bytes()).is_err() {
                return;
            }
        }
    }

    /// The reply to a request; `None` to hang up.
    fn answer(&self, path: &str, body: &[u8]) -> Option<String> {
        if let Some(question) = path.strip_prefix("/state/") {
            return self.state(question);
        }
        let now = Timestamp::from_micros(self.clock.load(Ordering::SeqCst));
        let value: Value = serde_json::from_slice(body).ok()?;
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let message = MessageId::parse(&text("id"))?;
        let provider = PROVIDERS.iter().position(|name| path.ends_with(name))?;
        let behaves = self.behaves.load(Ordering::SeqCst);
        let answer = if behaves { Answer::Yes } else { Answer::drawn(self.seed, &text("attempt")) };
        let reference = format!("{}-{}", PROVIDERS[provider], text("attempt"));
        let mut book = lock(&self.book);
        book.asked += 1;
        let order = book.asked;
        if answer == Answer::Nobody {
            book.nobody.insert(address_of(&text("to")).to_owned());
        }
        if answer.is_taken() {
            book.withheld += u64::from(answer != Answer::Yes);
            book.last = Some(message);
            book.taken.entry(message).or_default().push(Taken {
                to: text("to"),
                at: now,
                until: text("until"),
                order,
            });
            self.plan_receipts(&mut book, provider, message, &reference, now, answer == Answer::Yes);
        }
        let reply = |status: &str, headers: &str, body: &str| {
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
        };
        let code = |code: &str| reply("200 OK", "", &json!({ "code": code }).to_string());
        match answer {
            Answer::Yes => Some(reply("200 OK", "", &json!({ "code": "0", "id": reference }).to_string())),
            Answer::TakenThenError | Answer::LostThenError => {
                Some(reply("500 Internal Server Error", "", ""))
            }
            Answer::TakenThenGone => None,
            Answer::Later => Some(code("later")),
            Answer::Refused => Some(code("content")),
            Answer::Nobody => Some(code("nobody")),
            Answer::Patience => Some(reply("429 Too Many Requests", "retry-after: 60\r\n", "")),
            Answer::Closed => Some(reply("503 Service Unavailable", "", "")),
        }
    }

    /// What became of a message, as far as receipts have told: `NAME?id=…`. Now and then nobody answers.
    fn state(&self, question: &str) -> Option<String> {
        let (_, id) = question.split_once("?id=")?;
        let message = MessageId::parse(id)?;
        let now = self.clock.load(Ordering::SeqCst);
        let hash = hash_parts("chaos state", &[&self.seed.to_le_bytes(), &message.0, &now.to_le_bytes()]);
        let reply = |status: &str, body: &str| {
            Some(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()))
        };
        let mut book = lock(&self.book);
        book.questions += 1;
        if hash[0] < 25 && !self.behaves.load(Ordering::SeqCst) {
            return reply("503 Service Unavailable", "");
        }
        if self.is_forgetful || !book.taken.contains_key(&message) {
            book.never_taken += 1;
            return reply("404 Not Found", "");
        }
        let said =
            |state: &str| book.told.get(&message).is_some_and(|told| told.iter().any(|it| it.state == state));
        let state = match (said("delivered"), said("failed")) {
            (true, _) => "delivered",
            (false, true) => "failed",
            (false, false) => "underway",
        };
        reply("200 OK", &json!({ "state": state }).to_string())
    }

    /// Receipts of a message that was taken: most after minutes, some after hours or not at all, some twice, some the wrong
    /// way round. One whose answer was withheld is named by our id, since the reference is not known.
    fn plan_receipts(
        &self,
        book: &mut Book,
        provider: usize,
        message: MessageId,
        reference: &str,
        now: Timestamp,
        is_named: bool,
    ) {
        let hash = hash_parts("chaos receipt", &[&self.seed.to_le_bytes(), &message.0]);
        let late = if hash[1] < 25 { 7_200 } else { 0 } + i64::from(hash[2]) * 7 + 5;
        let states: &[&'static str] = match hash[0] {
            0..=199 => &["delivered"],
            200..=214 => &["delivered", "delivered"],
            215..=224 => &["failed"],
            225..=231 => &["failed", "delivered"],
            232..=238 => &["delivered", "failed"],
            _ => &[],
        };
        let states = if self.is_forgetful && !is_named { &[] } else { states };
        for (place, state) in states.iter().enumerate() {
            let at = now.plus_seconds(late + place as i64 * 3_601);
            let mut body = json!({ "state": state, "at": at.to_string(), "code": "chaos" });
            let is_by_reference = is_named && hash[3].is_multiple_of(2);
            if is_by_reference {
                body["reference"] = json!(reference);
            } else {
                body["id"] = json!(message.to_string());
            }
            let coming = Coming { provider, body: body.to_string(), message, state, is_by_reference };
            book.coming.entry(at.micros()).or_default().push(coming);
        }
    }
}

/// Path and body of the next request; `None` when there is none or it is no HTTP.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|count| *count > 0)?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}
