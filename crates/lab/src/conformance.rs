//! Plays files of cases from other systems' tests and from regulations, and compares every number.
//!
//! A case brings its own configuration and steps; the steps are done with Dunlin's own domain, and what a case
//! expects is compared field by field. Promises that nothing passes silently: a step, an expectation, a field or
//! a product that is not known fails its case and says so. No case is known by its id.
//!
//! Where a peer counts or names something otherwise on purpose, the difference is a [`Convention`], listed in
//! `docs/conformance.md`; such a case is reported as differing by it, not as passed.

mod apr;
mod compare;
mod contacts;
mod contacts_cn;
mod contacts_us;
mod dunning;
mod erpnext;
mod fields;
mod fineract;
mod frappe;
mod killbill;
mod obligations;
mod oca;
mod tryton;

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use compare::Convention;

use compare::Difference;
use fields::{Fields, Problem};

/// The largest file that is read, in bytes: scenario files are written by hand.
const FILE_SIZE_MAX: u64 = 64 * 1024 * 1024;

/// What became of all cases of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// One entry a case, in the order of the file.
    pub cases: Vec<CaseReport>,
}

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseReport {
    /// Its id in the file.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every number is as expected.
    Passed,
    /// Numbers differ, each by a documented convention.
    Differs(Vec<(Convention, Failure)>),
    /// A number differs, or the case asks for something that is not known.
    Failed(Failure),
}

/// The first thing in a case that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The step, counted from 1; `None` where the case as a whole cannot be played.
    pub step: Option<usize>,
    /// What is wrong: a field with the number expected and the number got, or what is not known.
    pub message: String,
}

/// Writes `step 3: balance: expected 110.00, got 100.00`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Some(step) => write!(f, "step {step}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Report {
    /// Cases in which every number is as expected.
    #[must_use]
    pub fn passed_count(&self) -> usize {
        self.cases.iter().filter(|case| case.outcome == Outcome::Passed).count()
    }

    /// Cases that differ by a documented convention only.
    #[must_use]
    pub fn differing_count(&self) -> usize {
        self.cases.iter().filter(|case| matches!(case.outcome, Outcome::Differs(_))).count()
    }

    /// Cases that failed.
    #[must_use]
    pub fn failed_count(&self) -> usize {
        self.cases.iter().filter(|case| matches!(case.outcome, Outcome::Failed(_))).count()
    }
}

/// Why a file cannot be played.
#[derive(Debug)]
pub enum FileError {
    /// It cannot be read.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is too large for a file of cases.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
    /// It is not JSON.
    NotJson {
        /// The file.
        path: PathBuf,
        /// Line and column, counted from 1, and what is wrong there.
        source: serde_json::Error,
    },
    /// It is JSON, but has no cases in a form that is known.
    UnknownForm {
        /// The file.
        path: PathBuf,
        /// What its topmost names are.
        names: Vec<String>,
    },
    /// A place in it does not have the form that is needed.
    Malformed {
        /// The file.
        path: PathBuf,
        /// The place, such as `scenarios[3].steps`, and what should be there.
        complaint: String,
    },
}

impl FileError {
    /// The stable code of the refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "file",
            Self::TooLarge { .. }
            | Self::NotJson { .. }
            | Self::UnknownForm { .. }
            | Self::Malformed { .. } => "conformance_file",
        }
    }
}

impl FileError {
    /// What is wrong and what would be right, in both languages.
    #[must_use]
    pub fn wording(&self) -> Wording {
        match self {
            Self::Io { path, source } => {
                wording!(
                    "{}：{source}；请指定可读取的案例文件",
                    "{}: {source}; name a file of cases that can be read",
                    path.display()
                )
            }
            Self::TooLarge { path, size } => {
                let (path, limit) = (path.display(), FILE_SIZE_MAX / 1024 / 1024);
                wording!(
                    "{path}：{size} 字节对案例文件来说过大；请拆成每个不超过 {limit} MiB 的文件",
                    "{path}: {size} bytes are too many for a file of cases; split it into files of at most {limit} MiB"
                )
            }
            Self::NotJson { path, source } => {
                wording!(
                    "{}：不是 JSON：{source}；请改正文件的相应位置",
                    "{}: not JSON: {source}; correct the file at that place",
                    path.display()
                )
            }
            Self::UnknownForm { path, names } => {
                let (path, names) = (path.display(), names.join(", "));
                wording!(
                    "{path}：其中没有案例，只有：{names}；案例文件须有名为 scenarios、examples、vectors、call_frequency_vectors 或 time_place_channel_vectors 的列表",
                    "{path}: no cases in it, only: {names}; a file of cases has a list named scenarios, examples, \
                     vectors, call_frequency_vectors or time_place_channel_vectors"
                )
            }
            Self::Malformed { path, complaint } => {
                wording!("{}：{complaint}", "{}: {complaint}", path.display())
            }
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wording().en)
    }
}

impl std::error::Error for FileError {}

/// Plays every case of the file.
///
/// # Errors
/// A file that cannot be read or has no cases. A case that cannot be played is a failed case, not an error.
pub fn play_file(path: &Path) -> Result<Report, FileError> {
    let io = |source| FileError::Io { path: path.to_owned(), source };
    let size = std::fs::metadata(path).map_err(io)?.len();
    if size > FILE_SIZE_MAX {
        return Err(FileError::TooLarge { path: path.to_owned(), size });
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    play_text(path, &text)
}

/// Plays every case of `text`; `path` is only named in complaints.
///
/// # Errors
/// As [`play_file`].
pub fn play_text(path: &Path, text: &str) -> Result<Report, FileError> {
    let file: Value =
        serde_json::from_str(text).map_err(|source| FileError::NotJson { path: path.to_owned(), source })?;
    let mut cases = Vec::new();
    let mut is_known = false;
    for (list, play) in FORMS {
        let Some(entries) = file.get(list) else { continue };
        is_known = true;
        let malformed = |complaint| FileError::Malformed { path: path.to_owned(), complaint };
        let entries = entries
            .as_array()
            .ok_or_else(|| malformed(format!("{list} is not a list; write the cases as [ … ]")))?;
        for (index, entry) in entries.iter().enumerate() {
            let place = format!("{list}[{index}]");
            cases.push(play_entry(&place, entry, play).map_err(malformed)?);
        }
    }
    if !is_known {
        let names = file.as_object().map(|fields| fields.keys().cloned().collect());
        let names: Vec<String> = names.unwrap_or_else(|| vec!["no object".to_owned()]);
        return Err(FileError::UnknownForm { path: path.to_owned(), names });
    }
    if cases.is_empty() {
        let complaint = "its list has no case, so nothing was compared; name a file with cases".to_owned();
        return Err(FileError::Malformed { path: path.to_owned(), complaint });
    }
    if let Some(id) = doubled_id(&cases) {
        let complaint = format!("two cases have the id {id:?}; give each its own");
        return Err(FileError::Malformed { path: path.to_owned(), complaint });
    }
    Ok(Report { cases })
}

fn doubled_id(cases: &[CaseReport]) -> Option<&str> {
    let mut ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    ids.sort_unstable();
    ids.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0])
}

/// Plays one case and gives the differences that it found.
type Play = fn(&Fields<'_>) -> Result<Vec<Difference>, Failure>;

/// The lists that a file may have, and how their cases are played.
const FORMS: [(&str, Play); 5] = [
    ("scenarios", play_scenario),
    ("examples", apr::play),
    ("vectors", contacts_cn::play),
    ("call_frequency_vectors", contacts_us::play_calls),
    ("time_place_channel_vectors", contacts_us::play_times),
];

fn play_entry(place: &str, entry: &Value, play: Play) -> Result<CaseReport, String> {
    let fields = entry
        .as_object()
        .ok_or_else(|| format!("{place} is not an object; a case is written as {{ \"id\": …, … }}"))?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let id = text("id").ok_or_else(|| format!("{place} lacks the text \"id\"; name each case"))?;
    let title = ["title", "summary", "reason", "note"].into_iter().find_map(text);
    let fields = Fields::new(fields);
    let outcome = match play(&fields) {
        Ok(differences) => outcome_of(differences),
        Err(failure) => Outcome::Failed(failure),
    };
    Ok(CaseReport { id, title: title.unwrap_or_default(), outcome })
}

/// The first difference without a convention fails the case.
fn outcome_of(differences: Vec<Difference>) -> Outcome {
    let mut by_convention = Vec::new();
    for Difference { step, message, convention } in differences {
        let failure = Failure { step, message };
        match convention {
            Some(convention) => by_convention.push((convention, failure)),
            None => return Outcome::Failed(failure),
        }
    }
    if by_convention.is_empty() { Outcome::Passed } else { Outcome::Differs(by_convention) }
}

/// One servicing system's way of telling a case.
struct Peer {
    /// The name in the field `peer`.
    name: &'static str,
    play: fn(&Scenario<'_>) -> Result<Vec<Difference>, Failure>,
}

const PEERS: [Peer; 6] = [
    Peer { name: "Apache Fineract", play: fineract::play },
    Peer { name: "Kill Bill", play: killbill::play },
    Peer { name: "Tryton", play: tryton::play },
    Peer { name: "OCA account_credit_control", play: oca::play },
    Peer { name: "ERPNext", play: erpnext::play },
    Peer { name: "Frappe Lending", play: frappe::play },
];

/// A case as a peer's player sees it.
struct Scenario<'a> {
    config: Fields<'a>,
    steps: Vec<Step<'a>>,
}

/// One step: something done, or something expected.
struct Step<'a> {
    /// Counted from 1.
    number: usize,
    /// What it does or expects.
    verb: Verb<'a>,
    /// All its fields, `do` or `expect` read already.
    fields: Fields<'a>,
}

/// What a step does or expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb<'a> {
    Do(&'a str),
    Expect(&'a str),
}

impl Step<'_> {
    /// The step is of no known kind.
    fn unknown(&self) -> Problem {
        match self.verb {
            Verb::Do(name) => Problem::new(format!("unknown step {name:?}")),
            Verb::Expect(name) => Problem::new(format!("unknown expectation {name:?}")),
        }
    }

    /// A failure at this step.
    fn fail(&self, problem: Problem) -> Failure {
        Failure { step: Some(self.number), message: problem.to_string() }
    }

    /// Whether every field was read; a field that nobody looked at would be compared with nothing.
    fn finish(&self) -> Result<(), Failure> {
        match self.fields.unread() {
            Some(name) => Err(self.fail(Problem::new(format!("unknown field {name:?}")))),
            None => Ok(()),
        }
    }
}

fn whole(problem: Problem) -> Failure {
    Failure { step: None, message: problem.to_string() }
}

fn play_scenario(case: &Fields<'_>) -> Result<Vec<Difference>, Failure> {
    let peer = case.text("peer").map_err(whole)?;
    let peer = PEERS.iter().find(|known| known.name == peer).ok_or_else(|| {
        let known: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
        whole(Problem::new(format!("unknown peer {peer:?}; known are {}", known.join(", "))))
    })?;
    let steps = case.list("steps").map_err(whole)?;
    let mut scenario = Scenario { config: case.object("config").map_err(whole)?, steps: Vec::new() };
    for (index, step) in steps.iter().enumerate() {
        let number = index + 1;
        let fail = |message: &str| Failure { step: Some(number), message: message.to_owned() };
        let map = step.as_object().ok_or_else(|| fail("a step is an object with \"do\" or \"expect\""))?;
        let fields = Fields::new(map);
        let problem = |problem: Problem| Failure { step: Some(number), message: problem.to_string() };
        let verb = match (fields.optional_text("do"), fields.optional_text("expect")) {
            (Ok(Some(name)), Ok(None)) => Verb::Do(name),
            (Ok(None), Ok(Some(name))) => Verb::Expect(name),
            (Err(error), _) | (_, Err(error)) => return Err(problem(error)),
            (Ok(_), Ok(_)) => return Err(fail("a step has either \"do\" or \"expect\"")),
        };
        // Words for the reader.
        for remark in ["why", "note", "notes"] {
            fields.optional_text(remark).map_err(problem)?;
        }
        scenario.steps.push(Step { number, verb, fields });
    }
    let differences = (peer.play)(&scenario)?;
    // A setting that the player does not know was not played.
    if let Some(name) = scenario.config.unread_setting() {
        return Err(whole(Problem::new(format!("config: unknown field {name:?}"))));
    }
    known_only(case)?;
    Ok(differences)
}

/// A case has no field that sets something and that nobody knows.
fn known_only(case: &Fields<'_>) -> Result<(), Failure> {
    for name in ["id", "title", "area", "source", "notes", "note", "expected_from", "tier", "licence"] {
        case.raw(name);
    }
    match case.unread_setting() {
        Some(name) => Err(whole(Problem::new(format!("unknown field {name:?}")))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
