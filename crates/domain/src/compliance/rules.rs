//! The rule pack: what law and the lender's own promises allow in contacting people, each rule with its source.
//!
//! This is the meaning of a contact-rules document (see `docs/contact-rules.md`), already checked.

use std::fmt;

use jiff::tz::TimeZone;

use crate::compliance::call_frequency::CallFrequency;
use crate::compliance::circumstances::DebtorState;
use crate::compliance::place::AppliesTo;
use crate::contact::{Channel, Language, Party, code_enum};

code_enum! {
    /// How sure we are of what a rule says.
    Confidence {
        /// The primary text was read.
        A = "A",
        /// Two or more secondary sources agree, or one quotes the text.
        B = "B",
        /// One weak source.
        C = "C",
        /// From memory.
        D = "D",
    }
}

code_enum! {
    /// How strongly a rule speaks.
    Strength {
        /// It forbids (不得, 不应).
        MustNot = "must_not",
        /// It advises against (不宜). Not followed without a decision of its own, so it stops contact as well.
        ShouldNot = "should_not",
    }
}

/// One rule of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule<P> {
    /// Its id in the pack, such as `CN-1`; every refusal names it.
    pub id: String,
    /// Where it stands written.
    pub source: String,
    /// How sure we are of it.
    pub confidence: Confidence,
    /// How strongly it speaks.
    pub strength: Strength,
    /// Whether it is applied.
    pub is_enabled: bool,
    /// Its numbers.
    pub parameters: P,
}

impl<P> Rule<P> {
    fn off(id: &str, parameters: P) -> Self {
        let (id, source) = (id.to_owned(), String::new());
        let (confidence, strength) = (Confidence::D, Strength::MustNot);
        Self { id, source, confidence, strength, is_enabled: false, parameters }
    }

    /// The parameters, if the rule is applied.
    #[must_use]
    pub fn enabled(&self) -> Option<&P> {
        self.is_enabled.then_some(&self.parameters)
    }
}

/// A span of the day, by the clock of a zone: from `start_minute` up to and without `end_minute`.
///
/// Minutes count from midnight, 0 to 1439; an end of 1440 is the end of the day. A span whose end is before its
/// start goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayWindow {
    /// The first minute in the span.
    pub start_minute: u16,
    /// The first minute after the span.
    pub end_minute: u16,
}

impl DayWindow {
    /// Reads `22:00-08:00`; an end of `24:00` is the end of the day. `None` for anything else, and for an empty span.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let is_two =
                |digits: &str| digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
            let is_form = is_two(hour) && is_two(minute);
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            let minute_of_day = hour * 60 + minute;
            (is_form && minute < 60 && minute_of_day <= 1440).then_some(minute_of_day)
        };
        let (start, end) = text.split_once('-')?;
        let (start_minute, end_minute) = (minute(start)?, minute(end)?);
        (start_minute < 1440 && start_minute != end_minute).then_some(Self { start_minute, end_minute })
    }

    /// Whether `minute` of the day lies in the span. A span that ends where it starts is empty.
    #[must_use]
    pub fn contains(self, minute: u16) -> bool {
        if self.start_minute <= self.end_minute {
            (self.start_minute..self.end_minute).contains(&minute)
        } else {
            minute >= self.start_minute || minute < self.end_minute
        }
    }
}

/// Writes `22:00-08:00`.
impl fmt::Display for DayWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start_minute, self.end_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

code_enum! {
    /// Why contact with a customer rests for a while.
    HoldKind {
        /// A hardship plan was signed and is being kept.
        HardshipPlan = "hardship_plan",
        /// A complaint about how we act is open.
        Complaint = "complaint",
        /// The customer disputes the debt, and it is being looked into.
        Dispute = "dispute",
        /// The customer promised to pay by a day that has not passed.
        Promise = "promise",
    }
}

/// Words that must not stand in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForbiddenWording {
    language: Language,
    text: String,
    /// The words in the form in which they are looked for.
    plain: String,
}

impl ForbiddenWording {
    /// The words `text` of a language.
    #[must_use]
    pub fn new(language: Language, text: &str) -> Self {
        let plain = match language {
            Language::Zh => without_spaces(text),
            Language::En => plain_words(text),
        };
        Self { language, text: text.to_owned(), plain }
    }

    /// The language they belong to.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The words as they were given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Chinese letters, which most texts consist of: they have no case, and are neither blanks nor marks.
fn is_han(letter: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&letter)
}

/// The wide forms of the letters and marks of ASCII, as Chinese keyboards write them, as narrow ones.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(letter as u32 - 0xfee0).unwrap_or(letter),
        letter => letter,
    }
}

/// Traditional letters of the words in which threats are made, as simplified ones.
fn simplified(letter: char) -> char {
    match letter {
        '訴' => '诉',
        '師' => '师',
        '強' => '强',
        '執' => '执',
        '單' => '单',
        '徵' => '征',
        '獄' => '狱',
        '偵' => '侦',
        '傳' => '传',
        '緝' => '缉',
        '凍' => '冻',
        '結' => '结',
        '財' => '财',
        '產' => '产',
        '親' => '亲',
        '屬' => '属',
        '報' => '报',
        '學' => '学',
        '詐' => '诈',
        '騙' => '骗',
        '監' => '监',
        '關' => '关',
        '惡' => '恶',
        '臉' => '脸',
        '醜' => '丑',
        '債' => '债',
        '權' => '权',
        '貸' => '贷',
        '連' => '连',
        '帶' => '带',
        '責' => '责',
        '擔' => '担',
        '後' => '后',
        '門' => '门',
        '訊' => '讯',
        '問' => '问',
        '審' => '审',
        '決' => '决',
        '訟' => '讼',
        '處' => '处',
        '罰' => '罚',
        '賴' => '赖',
        '戶' => '户',
        '機' => '机',
        '員' => '员',
        '國' => '国',
        '檢' => '检',
        '證' => '证',
        '據' => '据',
        '違' => '违',
        '訪' => '访',
        '罵' => '骂',
        '嚇' => '吓',
        '殺' => '杀',
        '傷' => '伤',
        '會' => '会',
        '這' => '这',
        '個' => '个',
        '對' => '对',
        '將' => '将',
        '們' => '们',
        '為' => '为',
        '無' => '无',
        letter => letter,
    }
}

fn push_lower(plain: &mut String, letter: char) {
    if letter.is_ascii() {
        plain.push(letter.to_ascii_lowercase());
    } else if is_han(letter) {
        plain.push(simplified(letter));
    } else {
        plain.extend(letter.to_lowercase());
    }
}

fn without_spaces(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().map(narrow).filter(|letter| is_han(*letter) || !letter.is_whitespace()) {
        push_lower(&mut plain, letter);
    }
    plain
}

/// Endings with which an English word is still the same word.
const ENDINGS: [&str; 9] = ["s", "es", "ed", "ing", "'s", "en", "ens", "ened", "ening"];

/// Whether the words, which begin and end with a space, stand in a text of such words, the last of them with any ending.
fn stands_in(words: &str, text: &str) -> bool {
    let beginning = words.trim_end();
    let is_word = |rest: &str| {
        let ending = rest.split(' ').next().unwrap_or_default();
        ending.is_empty() || ENDINGS.contains(&ending) || ending == "d" && beginning.ends_with('e')
    };
    let bare = beginning.strip_suffix('e').filter(|bare| bare.len() > 2);
    text.match_indices(beginning).any(|(at, found)| is_word(&text[at + found.len()..]))
        || bare.is_some_and(|bare| text.contains(&format!("{bare}ing ")))
}

/// Puts letters that stand alone together: `c o u r t` is read as one word.
fn joined_letters(plain: String) -> String {
    /// From so many on they are no initials.
    const RUN_MIN: usize = 3;
    let is_letter = |word: &str| word.len() == 1 && word.as_bytes()[0].is_ascii_alphabetic();
    let words: Vec<&str> = plain.split(' ').filter(|word| !word.is_empty()).collect();
    if !words.windows(RUN_MIN).any(|run| run.iter().all(|word| is_letter(word))) {
        return plain;
    }
    let mut joined = String::from(" ");
    for run in words.chunk_by(|left, right| is_letter(left) && is_letter(right)) {
        let between = if run.len() >= RUN_MIN { "" } else { " " };
        joined += &run.join(between);
        joined.push(' ');
    }
    joined
}

/// The words of `text` in lower case, each with one space before and the last with one behind.
fn plain_words(text: &str) -> String {
    let mut plain = String::with_capacity(text.len() + 2);
    plain.push(' ');
    for letter in text.chars().map(narrow) {
        if is_han(letter) || letter.is_alphanumeric() || letter == '\'' {
            push_lower(&mut plain, letter);
        } else if !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    if !plain.ends_with(' ') {
        plain.push(' ');
    }
    joined_letters(plain)
}

/// A text in the forms in which forbidden words are looked for in it: each message goes through here, so that they are made
/// once for all packs that apply.
pub struct PlainText {
    zh: String,
    en: String,
}

impl PlainText {
    /// The forms of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { zh: without_spaces(text), en: plain_words(text) }
    }
}

/// A version of the rules for contacting people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRules {
    /// The name of the pack.
    pub name: String,
    /// The version of its document.
    pub version: u32,
    /// The zone of customers of whom we know no other.
    pub zone: TimeZone,
    /// To whom the pack applies.
    pub applies_to: AppliesTo,
    /// The hours in which nobody is contacted, unless the person agreed to it.
    pub quiet_hours: Rule<DayWindow>,
    /// The most calls a day that a person takes from us, over all agreements and agencies.
    pub effective_calls: Rule<u32>,
    /// The most calls a day to one number that nobody takes.
    pub unanswered_calls: Rule<u32>,
    /// Days that must lie between two contacts about one agreement.
    pub interval_days: Rule<u16>,
    /// The lender's own limit of messages per customer and day, by channel; a channel not named has none.
    pub message_caps: Rule<Vec<(Channel, u32)>>,
    /// Who may be told of the debt. Contact persons never are, whatever stands here.
    pub may_be_told: Rule<Vec<Party>>,
    /// A channel that the customer opted out of is not used.
    pub opt_out: Rule<()>,
    /// What makes contact rest.
    pub holds: Vec<Rule<HoldKind>>,
    /// Words that no message may contain.
    pub wording: Rule<Vec<ForbiddenWording>>,
    /// In which states of the debtor a contact person may be asked for their whereabouts; never told of the debt.
    pub locating: Rule<Vec<DebtorState>>,
    /// The least number of collectors on a visit; none enters without leave.
    pub visits: Rule<u32>,
    /// A person with an attorney is not contacted past the attorney.
    pub attorney: Rule<()>,
    /// Times and places known to be inconvenient are kept free.
    pub inconvenient_times: Rule<()>,
    /// How often a person may be called about a debt.
    pub call_frequency: Rule<CallFrequency>,
    /// Days within which a number must have been proved for texts to it.
    pub number_proof_days: Rule<u32>,
}

impl ContactRules {
    /// The pack `name` with every rule switched off, as a start for packs that have few rules. Contact persons
    /// are not told of a debt under it either.
    #[must_use]
    pub fn unlimited(name: &str, zone: TimeZone) -> Self {
        Self {
            name: name.to_owned(),
            version: 1,
            zone,
            applies_to: AppliesTo::default(),
            quiet_hours: Rule::off("quiet_hours", DayWindow { start_minute: 0, end_minute: 0 }),
            effective_calls: Rule::off("effective_calls", 0),
            unanswered_calls: Rule::off("unanswered_calls", 0),
            interval_days: Rule::off("interval", 0),
            message_caps: Rule::off("message_caps", Vec::new()),
            may_be_told: Rule::off("third_parties", Vec::new()),
            opt_out: Rule::off("opt_out", ()),
            holds: Vec::new(),
            wording: Rule::off("wording", Vec::new()),
            locating: Rule::off("locating", Vec::new()),
            visits: Rule::off("visits", 0),
            attorney: Rule::off("attorney", ()),
            inconvenient_times: Rule::off("inconvenient_times", ()),
            call_frequency: Rule::off(
                "call_frequency",
                CallFrequency { calls_max: 0, window_days: 1, gap_days: 0, consent_days_max: 0 },
            ),
            number_proof_days: Rule::off("number_proof", 0),
        }
    }

    /// The pack as decisions name it: `cn@1`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// The forbidden words that stand in `text`. Letter case, spaces, wide and traditional letters do not matter. English
    /// words count only whole (`sue` is not in `issue`), with any ending (`sued` is `sue`). All languages are tried, since
    /// texts are mixed.
    #[must_use]
    pub fn forbidden_in(&self, text: &str) -> Vec<&str> {
        self.forbidden_in_plain(&PlainText::of(text))
    }

    /// As [`forbidden_in`](Self::forbidden_in), for a text whose forms are known.
    #[must_use]
    pub fn forbidden_in_plain(&self, text: &PlainText) -> Vec<&str> {
        let wordings = self.wording.enabled().map(Vec::as_slice).unwrap_or_default();
        let stands = wordings.iter().filter(|wording| match wording.language {
            Language::Zh => text.zh.contains(&wording.plain),
            Language::En => stands_in(&wording.plain, &text.en),
        });
        stands.map(ForbiddenWording::text).collect()
    }

    /// The cap of messages by `channel`, if the pack has one that applies.
    #[must_use]
    pub fn message_cap(&self, channel: Channel) -> Option<u32> {
        let caps = self.message_caps.enabled()?;
        caps.iter().find(|(capped, _)| *capped == channel).map(|(_, cap)| *cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(language: Language, wording: &str, text: &str) -> bool {
        let mut rules = ContactRules::unlimited("test", TimeZone::UTC);
        rules.wording.is_enabled = true;
        rules.wording.parameters = vec![ForbiddenWording::new(language, wording)];
        rules.forbidden_in(text) == [wording]
    }

    #[test]
    fn forbidden_words_are_found_whatever_their_case_and_spacing() {
        for text in
            ["您将被列入黑名單", "We will see you in ｃｏｕｒｔ", "see you in c o u r t!", "Courts decide"]
        {
            let (language, word) =
                if text.starts_with('您') { (Language::Zh, "黑名单") } else { (Language::En, "court") };
            assert!(check(language, word, text), "{text}");
        }
        assert!(check(Language::Zh, "起诉", "我们将起訴您"));
        for text in ["you may be arrested", "he arrests", "an arrest", "ARRESTING"] {
            assert!(check(Language::En, "arrest", text), "{text}");
        }
        for text in ["being sued", "suing you", "she sues"] {
            assert!(check(Language::En, "sue", text), "{text}");
        }
        for text in ["the issue", "a pursuit", "suede", "tissue"] {
            assert!(!check(Language::En, "sue", text), "{text}");
        }
        assert!(!check(Language::En, "arrest", "arrestor"));
        assert!(!check(Language::En, "abc", "a b c d"), "the letters are one word together");
        assert!(check(Language::Zh, "黑名单", "您将被列入黑 名 单。"));
        assert!(!check(Language::Zh, "黑名单", "您将被列入名单。"));
        assert!(check(Language::En, "legal action", "or face LEGAL\naction!"));
        assert!(check(Language::En, "sue", "we will sue."));
        assert!(!check(Language::En, "sue", "to raise an issue, call us"));
        assert!(check(Language::Zh, "ＡＰＰ黑名单", "ａｐｐ黑\u{3000}名单"));
        assert!(!check(Language::En, "sue", "我们sue您"));
    }

    #[test]
    fn a_window_over_midnight_holds_both_ends_of_the_day() {
        let night = DayWindow { start_minute: 22 * 60, end_minute: 8 * 60 };
        let held: Vec<u16> =
            [0, 479, 480, 1319, 1320, 1439].into_iter().filter(|minute| night.contains(*minute)).collect();
        assert_eq!(held, [0, 479, 1320, 1439]);
        assert_eq!(night.to_string(), "22:00-08:00");
    }
}
