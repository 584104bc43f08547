//! Automated calls through a SIP trunk: rings, speaks, listens for a key, and tells how it ended.
//!
//! Promises that a phone does not ring twice for one attempt: what was surely not placed is told apart from what may have
//! been. An attempt is on record before the INVITE leaves, so a crash leaves it unknown and counted. Calls of a batch go on
//! side by side, as many as the trunk has lines; a batch begins no new call after 20 seconds, so that other channels do
//! not wait for it. Signalling goes within TLS where that is set; speech is never encrypted.

mod audio;
mod call;
mod digest;
mod line;
mod media;
mod spoken;
mod text;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use dunlin_domain::contact::Language;
use dunlin_domain::date::Timestamp;
use dunlin_domain::id::{Key, MessageId};
use dunlin_domain::message::ClearedMessage;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use self::audio::Speaker;
use self::call::{Ended, Order};
use crate::config::{SipConfig, SipTransport, SipVoicemail};
use crate::error::{DeliveryError, between};
use crate::handover::Handover;
use crate::passing::Handing;
use crate::receipt::{About, Receipt, ReceiptState};
use crate::tls::Tls;

/// No call is begun later in a batch.
const BEGIN_SECONDS_MAX: u64 = 20;

/// What a provider tells together with its answers, because it knows the end of what it took.
#[derive(Clone, Debug, Default)]
pub struct ToldAtOnce {
    /// How the messages ended.
    pub receipts: Vec<Receipt>,
    /// Keys that were pressed: 1 heard, 2 somebody else, 3 call me back, 9 no more calls.
    pub keys: Vec<(MessageId, char)>,
}

/// The answer to one message; how its call ended where the trunk took it, with the seconds since the batch began.
type End = (Handover, Option<(Ended, u64)>);

/// A trunk.
pub struct Sip {
    config: SipConfig,
    tls: Option<Tls>,
    /// What is said whatever the message, by language.
    recordings: HashMap<Language, Vec<i16>>,
    /// What is said for a template, by its name and language.
    of_templates: HashMap<(String, Language), Vec<i16>>,
    /// What is said to machines.
    to_machines: HashMap<Language, Vec<i16>>,
    speaker: Mutex<Speaker>,
    told: ToldAtOnce,
}

impl Sip {
    /// Checks the settings and reads the recordings; the trunk is first contacted when it is needed.
    pub(crate) fn open(provider: &str, config: &SipConfig) -> Result<Self, DeliveryError> {
        let wrong = |setting: &'static str, complaint: Wording| DeliveryError::Setting {
            provider: provider.to_owned(),
            setting,
            complaint,
        };
        let within = |setting: &'static str, value: u64, least: u64, most: u64| {
            between(value, least, most).map_err(|complaint| wrong(setting, complaint))
        };
        within("lines", config.lines as u64, 1, 100)?;
        within("ring_seconds", config.ring_seconds, 5, 120)?;
        within("heard_seconds", config.heard_seconds, 1, 60)?;
        within("key_seconds", config.key_seconds, 0, 30)?;
        within("timeout_seconds", config.timeout_seconds, 1, 60)?;
        within("machine_ms", u64::from(config.machine_ms), 1_000, 10_000)?;
        for (setting, value) in [("caller", &config.caller), ("domain", &config.domain)] {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+:[]".contains(&byte);
            if value.is_empty() || !value.bytes().all(is_plain) {
                let complaint =
                    wording!("只能由字母、数字和 .-_+ 组成", "must be letters, digits and .-_+ only");
                return Err(wrong(setting, complaint));
            }
        }
        let read = |setting: &'static str, path: &PathBuf| {
            audio::read_file(path).map_err(|complaint| wrong(setting, complaint))
        };
        let (mut recordings, mut to_machines) = (HashMap::new(), HashMap::new());
        for (language, speech) in [(Language::Zh, &config.zh), (Language::En, &config.en)] {
            let names = match language {
                Language::Zh => ("recording_zh", "voicemail_zh"),
                Language::En => ("recording_en", "voicemail_en"),
            };
            match &speech.recording {
                Some(path) => drop(recordings.insert(language, read(names.0, path)?)),
                None if speech.command.is_empty() => {
                    let complaint = wording!(
                        "{language} 语言的消息需要录音，或朗读文字的命令",
                        "messages in {language} need a recording or a command that speaks"
                    );
                    return Err(wrong(names.0, complaint));
                }
                None => {}
            }
            match (&speech.voicemail, config.voicemail) {
                (Some(path), _) => drop(to_machines.insert(language, read(names.1, path)?)),
                (None, SipVoicemail::Message) => {
                    let complaint =
                        wording!("voicemail = \"message\" 时必须写明", "voicemail = \"message\" needs it");
                    return Err(wrong(names.1, complaint));
                }
                (None, SipVoicemail::Ignore | SipVoicemail::HangUp) => {}
            }
        }
        let of_templates = match &config.recordings {
            Some(folder) => of_templates(folder).map_err(|complaint| wrong("recordings", complaint))?,
            None => HashMap::new(),
        };
        let tls = match config.transport {
            SipTransport::Tls => {
                let tls = Tls::new(&config.host, config.extra_root.as_deref());
                Some(tls.map_err(|(setting, complaint)| {
                    wrong(if setting == "security" { "transport" } else { setting }, complaint)
                })?)
            }
            SipTransport::Udp | SipTransport::Tcp => None,
        };
        Ok(Self {
            config: config.clone(),
            tls,
            recordings,
            of_templates,
            to_machines,
            speaker: Mutex::default(),
            told: ToldAtOnce::default(),
        })
    }

    /// Places the calls, as many at a time as the trunk has lines, and waits for their ends.
    pub(crate) fn hand_over(&mut self, messages: &[&ClearedMessage], now: Timestamp) -> Vec<Handover> {
        let ends: Vec<OnceLock<End>> = messages.iter().map(|_| OnceLock::new()).collect();
        let (next, is_down) = (AtomicUsize::new(0), AtomicBool::new(false));
        let handing = Handing::begin(now);
        let this = &*self;
        thread::scope(|scope| {
            for _ in 0..this.config.lines.min(messages.len()) {
                scope.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(message) = messages.get(index) else { break };
                        let _first = ends[index].set(this.one(message, handing, &is_down));
                    }
                });
            }
        });
        let mut answers = Vec::with_capacity(messages.len());
        for (message, end) in messages.iter().zip(ends) {
            let (answer, ended) = end.into_inner().unwrap_or_else(|| (lines_busy(), None));
            if let Some((ended, seconds)) = ended {
                self.note(message, &ended, now.plus_seconds(i64::try_from(seconds).unwrap_or(0)));
            }
            answers.push(answer);
        }
        answers
    }

    /// What the calls of the last batch came to.
    pub(crate) fn told_at_once(&mut self) -> ToldAtOnce {
        std::mem::take(&mut self.told)
    }

    /// One call of a batch.
    fn one(&self, message: &ClearedMessage, handing: Handing, is_down: &AtomicBool) -> End {
        let unavailable = |code: &str, detail: &str| {
            (Handover::Unavailable { code: code.to_owned(), detail: detail.to_owned() }, None)
        };
        if is_down.load(Ordering::Relaxed) {
            return unavailable("no_connection", "the trunk was not reached in this batch");
        }
        if handing.passed_seconds() >= BEGIN_SECONDS_MAX {
            return (lines_busy(), None);
        }
        if handing.has_expired(message) {
            return (Handover::Expired, None);
        }
        let Some(number) = number_of(message.recipient().reveal()) else {
            let detail = "it is no telephone number".to_owned();
            return (
                Handover::Rejected { code: "not_a_number".to_owned(), detail, address_is_bad: true },
                None,
            );
        };
        let (opening, speech) = match self.speech(message) {
            Ok(speech) => speech,
            Err(complaint) => return unavailable("no_speech", &complaint),
        };
        let mark = Key(message.attempt().0).to_string();
        let order = Order {
            config: &self.config,
            number: &number,
            mark: &mark,
            opening: &opening,
            speech: &speech,
            to_machine: self.to_machines.get(&message.language()).map(Vec::as_slice),
            tls: self.tls.as_ref(),
        };
        match call::place(&order) {
            Ended::Unavailable(code, detail) => {
                is_down.fetch_or(code == "no_connection", Ordering::Relaxed);
                unavailable(&code, &detail)
            }
            Ended::Throttled(detail) => {
                let code = "throttled".to_owned();
                (Handover::Throttled { code, detail, retry_after_seconds: 10 }, None)
            }
            Ended::Unknown(detail) => (Handover::Unknown { code: "answer_lost".to_owned(), detail }, None),
            ended => {
                let taken = Handover::Accepted { references: vec![mark] };
                (taken, Some((ended, handing.passed_seconds())))
            }
        }
    }

    /// What asks who is there, and what is then said.
    fn speech(&self, message: &ClearedMessage) -> Result<(Vec<i16>, Vec<i16>), String> {
        let language = message.language();
        let own = self.of_templates.get(&(message.template().to_owned(), language));
        if let Some(recording) = own.or_else(|| self.recordings.get(&language)) {
            return Ok((Vec::new(), recording.clone()));
        }
        let (command, who, keys) = match language {
            Language::Zh => (
                &self.config.zh.command,
                "如您是本人请按1，不是本人请按2。",
                "确认听清请按1，不是本人请按2，需要人工回电请按3，不再接听此类来电请按9。",
            ),
            Language::En => (
                &self.config.en.command,
                "Press 1 if you are, 2 if you are somebody else.",
                "Press 1 if you have heard this, 2 if you are somebody else, 3 to be called back, 9 for no more calls.",
            ),
        };
        let (opening, rest) = parts_of(message.body().reveal());
        let mut speaker = self.speaker.lock().unwrap_or_else(PoisonError::into_inner);
        let mut speak = |text: &str, keys: &str| {
            speaker.speak(command, &format!("{} {keys}", spoken::spoken(text, language)))
        };
        let opening = if opening.is_empty() { Vec::new() } else { speak(&opening, who)? };
        Ok((opening, speak(&rest, keys)?))
    }

    fn note(&mut self, message: &ClearedMessage, ended: &Ended, at: Timestamp) {
        let (state, key) = match ended {
            Ended::Heard { key } => (ReceiptState::Delivered, *key),
            Ended::WrongPerson => (ReceiptState::failed("wrong_person"), Some('2')),
            Ended::Busy => (ReceiptState::failed("busy"), None),
            Ended::Unanswered => (ReceiptState::failed("unanswered"), None),
            Ended::Declined => (ReceiptState::failed("declined"), None),
            Ended::Dropped { key } => (ReceiptState::failed("dropped"), *key),
            Ended::BadNumber(_) => (ReceiptState::failed("not_in_service"), None),
            Ended::Machine { is_message_left: true } => {
                (ReceiptState::failed("voicemail_limited_content"), None)
            }
            Ended::Machine { is_message_left: false } => {
                (ReceiptState::failed("recorded_message_no_message_left"), None)
            }
            Ended::Unavailable(..) | Ended::Throttled(_) | Ended::Unknown(_) => return,
        };
        let cause: [&[u8]; 2] = [&message.attempt().0, state.code().as_bytes()];
        self.told.receipts.push(Receipt {
            about: About::Message(message.id()),
            address_is_bad: matches!(ended, Ended::BadNumber(_)),
            key: Key::of_cause("receipt", &cause),
            state,
            at,
        });
        self.told.keys.extend(key.map(|key| (message.id(), key)));
    }
}

/// The recordings of a folder for templates: `overdue_reminder.zh.wav`. Every WAV file must be named so.
fn of_templates(folder: &Path) -> Result<HashMap<(String, Language), Vec<i16>>, Wording> {
    let unreadable =
        |error: std::io::Error| Wording::quoted(error.to_string()).at(&folder.display().to_string());
    let mut found = HashMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let Some(stem) = name.strip_suffix(".wav") else { continue };
        let parts =
            stem.rsplit_once('.').and_then(|(template, code)| Some((template, Language::parse(code)?)));
        let Some((template, language)) = parts.filter(|(template, _)| !template.is_empty()) else {
            return Err(wording!(
                "{name} 的文件名不符合录音的命名；请命名为 TEMPLATE.zh.wav 或 TEMPLATE.en.wav",
                "{name} is not named as a recording; name it TEMPLATE.zh.wav or TEMPLATE.en.wav"
            ));
        };
        found.insert((template.to_owned(), language), audio::read_file(&path)?);
    }
    Ok(found)
}

/// The answer for a call that no line was free for.
fn lines_busy() -> Handover {
    Handover::Throttled {
        code: "lines_busy".to_owned(),
        detail: "all lines of the trunk were in use".to_owned(),
        retry_after_seconds: 1,
    }
}

/// A text for agents, as a machine speaks it: directions in brackets are left out, and what stands before the first of
/// them asks who is there, so that the rest is only said to that person. A text without directions has no such beginning.
fn parts_of(text: &str) -> (String, String) {
    let (mut parts, mut depth) = (vec![String::new()], 0_u32);
    for letter in text.chars() {
        match letter {
            '(' | '（' => {
                depth += 1;
                if parts.len() == 1 {
                    parts.push(String::new());
                }
            }
            ')' | '）' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ => parts.last_mut().expect("there is a part").push(letter),
        }
    }
    let rest = parts.pop().unwrap_or_default().trim().to_owned();
    let opening = parts.pop().unwrap_or_default().trim().to_owned();
    if rest.is_empty() { (String::new(), opening) } else { (opening, rest) }
}

/// A number as trunks take it: digits, with or without a plus.
fn number_of(text: &str) -> Option<String> {
    let plain: String =
        text.chars().filter(|letter| !matches!(letter, ' ' | '-' | '(' | ')' | '.')).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let is_number = (3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::{number_of, parts_of};

    #[test]
    fn directions_for_agents_are_not_spoken_and_what_follows_waits_for_the_person() {
        let of = |text: &str| parts_of(text);
        let two = |opening: &str, rest: &str| (opening.to_owned(), rest.to_owned());
        assert_eq!(of("您是本人吗？（确认后继续）\n您尾号1的账户"), two("您是本人吗？", "您尾号1的账户"));
        assert_eq!(of("Is it you? (wait (long)) You owe (a little) 5"), two("Is it you?", "You owe  5"));
        assert_eq!(of("no directions"), two("", "no directions"));
        assert_eq!(of("only this (end)"), two("", "only this"));
    }

    #[test]
    fn what_cannot_be_dialled_is_no_number() {
        assert_eq!(number_of("+86 138-0000-1234").as_deref(), Some("+8613800001234"));
        assert_eq!(number_of("(010) 6666.7777").as_deref(), Some("01066667777"));
        for bad in ["", "12", "1234567890123456", "138x", "++861"] {
            assert_eq!(number_of(bad), None, "{bad}");
        }
    }
}
