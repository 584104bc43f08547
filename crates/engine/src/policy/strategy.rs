//! Strategy documents: from a CSV table to [`StrategyTable`]. The format is told in `docs/strategy.md`.
//!
//! A strategist edits the table in a spreadsheet, so the head stands in the first column as lines that begin
//! with `#`, and cells left over at the end of a line are taken as empty.

use std::collections::BTreeMap;

use dunlin_domain::contact::Channel;
use dunlin_domain::money::{Currency, Money};
use dunlin_domain::reason::Reason;
use dunlin_domain::strategy::{Matches, Outcome, Row, SILENCE_REASONS, Settings, Span, StrategyTable, Tone};
use dunlin_domain::trial::TrialMatch;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

use super::PolicyKind;
use super::error::{Complaints, PolicyError, named_not_one_of};
use super::header::{HEADER_KEYS, Header, HeaderFields, read_header};
use super::strategy_fallback::{fallback_fits, fallback_of};
use super::strategy_settings::{SETTING_KEYS, settings_of};

/// A version of a strategy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyDocument {
    /// The head.
    pub header: Header,
    /// The table.
    pub table: StrategyTable,
    /// The line of each row in the file, by the row's id.
    pub lines: BTreeMap<String, u32>,
}

/// The columns, in the order in which a table is shown; a file may have them in another.
pub(super) const COLUMNS: [&str; 11] = [
    "id",
    "bucket",
    "days_past_due",
    "balance",
    "segment",
    "reported",
    "action",
    "channels",
    "template",
    "tone",
    "next_days",
];

/// Columns that a file may leave out: then the condition is open, and nothing falls back.
pub(super) const COLUMNS_LEFT_OUT: [&str; 3] = ["contacts", "trial", "fallback"];

/// A column for the strategist's own words; never read.
const NOTE: &str = "note";

/// Keys of the head that only strategies have.
const STRATEGY_KEYS: [&str; 3] = ["currency", "segments", "days_past_due"];

/// Longest time between two looks at an agreement, in days.
const NEXT_DAYS_MAX: u16 = 365;

/// Largest balance of a condition, in minor units; nobody owes as much.
const BALANCE_MINOR_MAX: i64 = 1_000_000_000_000_000;

/// Largest number of contacts of a condition.
const CONTACTS_MAX: u32 = 10_000;

/// Largest number of days of a condition, before or after the due date: a hundred years.
const DAYS_MAX: i32 = 36_500;

/// Most segments that the checker tells apart.
const SEGMENTS_MAX: usize = 64;

type CsvRow = (u32, Vec<String>);

/// Reads a strategy. Gaps need the buckets of a product and are found by [`super::PolicySet::check`].
pub(super) fn parse(file: &str, text: &str) -> Result<StrategyDocument, Vec<PolicyError>> {
    let mut complaints = Complaints::new(file, text);
    let (fields, rows) = split(text, &mut complaints);
    let header = read_header(PolicyKind::Strategy, file, &fields, &mut complaints);
    let frame = frame_of(&fields, &mut complaints);
    let (Some(header), Some(frame)) = (header, frame) else { return complaints.finish(None) };
    let mut rows = rows.into_iter();
    let Some((head_line, head)) = rows.next() else {
        let complaint =
            wording!("缺少策略表；其列为 {}", "the table is missing; its columns are {}", COLUMNS.join(","));
        complaints.add(None, "", complaint);
        return complaints.finish(None);
    };
    let Some(places) = column_places(head_line, &head, &mut complaints) else {
        return complaints.finish(None);
    };
    let mut table_rows = Vec::new();
    let mut lines = BTreeMap::new();
    for (line, cells) in rows {
        if let Some(extra) = cells.iter().skip(head.len()).find(|cell| !cell.is_empty()) {
            let complaint = wording!(
                "单元格“{extra}”超出最后一列；含逗号的单元格请加引号",
                "cell {extra:?} is beyond the last column; quote a cell that has commas"
            );
            complaints.add_cell(line, "", "", complaint);
            continue;
        }
        let mut cells = Cells { line, cells: &cells, places: &places, complaints: &mut complaints };
        let row = cells.row(&frame);
        if lines.insert(cells.text("id").to_owned(), line).is_some() {
            cells.complain(
                "id",
                wording!("重复出现；每行须有自己的 id", "is used twice; every row needs an id of its own"),
            );
        }
        table_rows.extend(row);
    }
    if table_rows.is_empty() {
        complaints.add(Some(head_line), "", wording!("策略表没有任何行", "the table has no rows"));
    }
    let table = StrategyTable {
        name: header.name.clone(),
        version: header.version,
        currency: frame.currency,
        segments: frame.segments,
        days_past_due: frame.days_past_due,
        rows: table_rows,
        settings: frame.settings,
    };
    complaints.finish(Some(StrategyDocument { header, table, lines }))
}

/// Splits the file into its head and its lines of cells.
fn split(text: &str, complaints: &mut Complaints<'_>) -> (HeaderFields, Vec<CsvRow>) {
    let mut fields = HeaderFields::new();
    let mut rows = Vec::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line =
                    error.position().map(csv::Position::line).and_then(|line| u32::try_from(line).ok());
                complaints.add(
                    line,
                    "",
                    wording!("该行不是 UTF-8 编码的 CSV", "the line is not CSV in UTF-8"),
                );
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        let cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
        let first = cells.first().map_or("", String::as_str);
        if first.starts_with("##") || cells.iter().all(String::is_empty) {
            continue;
        }
        if first.starts_with('#') {
            // A comma in an unquoted head line split it; put it together again.
            let whole = cells.join(",");
            read_head_line(line, whole.trim_end_matches(','), &mut fields, complaints);
        } else {
            rows.push((line, cells));
        }
    }
    (fields, rows)
}

fn read_head_line(line: u32, text: &str, fields: &mut HeaderFields, complaints: &mut Complaints<'_>) {
    let (key, value) = text.trim_start_matches('#').split_once(':').unwrap_or((text, ""));
    let (key, value) = (key.trim(), value.trim());
    let known_keys = || HEADER_KEYS.iter().chain(&STRATEGY_KEYS).chain(&SETTING_KEYS);
    match known_keys().find(|known| **known == key) {
        Some(known) => {
            if fields.insert(known, (line, value.to_owned())).is_some() {
                complaints.add(Some(line), known, wording!("在文件头中重复出现", "stands in the head twice"));
            }
        }
        None => {
            let Wording { zh, en } = Wording::not_one_of(key, known_keys().copied());
            let complaint = Wording {
                zh: format!("文件头：{zh}；注释以“##”开头"),
                en: format!("head: {en}; a remark begins with \"##\""),
            };
            complaints.add(Some(line), "", complaint);
        }
    }
}

/// What the head says about the whole table.
struct Frame {
    currency: Currency,
    segments: Vec<String>,
    days_past_due: Span<i32>,
    settings: Settings,
}

fn frame_of(fields: &HeaderFields, complaints: &mut Complaints<'_>) -> Option<Frame> {
    let mut read = |key: &str| {
        let found = fields.get(key).filter(|(_, text)| !text.is_empty());
        if found.is_none() {
            let complaint = wording!("文件头缺少此项", "is missing from the head");
            complaints.add(fields.get(key).map(|(line, _)| *line), key, complaint);
        }
        found
    };
    let [currency, segments, days] = STRATEGY_KEYS.map(&mut read);
    let currency = currency.and_then(|(line, text)| {
        Currency::parse(text).map_err(|error| complaints.add(Some(*line), "currency", error)).ok()
    });
    let days_past_due = days.and_then(|(line, text)| {
        span_of(text, parse_day).map_err(|error| complaints.add(Some(*line), "days_past_due", error)).ok()
    });
    let settings = settings_of(fields, complaints);
    let (line, segments) = segments?;
    let segments = words(segments);
    let mut unique = segments.clone();
    unique.sort_unstable();
    unique.dedup();
    if unique.len() != segments.len() || segments.len() > SEGMENTS_MAX {
        let complaint = wording!(
            "客群最多 {SEGMENTS_MAX} 个，且不得重复",
            "must be at most {SEGMENTS_MAX} names, each of them once"
        );
        complaints.add(Some(*line), "segments", complaint);
    }
    Some(Frame { currency: currency?, segments, days_past_due: days_past_due?, settings })
}

/// The place of each column that the file has.
fn column_places(
    line: u32,
    head: &[String],
    complaints: &mut Complaints<'_>,
) -> Option<BTreeMap<&'static str, usize>> {
    let known_columns = || COLUMNS.iter().chain(&COLUMNS_LEFT_OUT);
    for (index, name) in head.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
        if !known_columns().any(|known| known == name) && name != NOTE {
            let known = known_columns().copied().chain([NOTE]);
            complaints.add(Some(line), "", named_not_one_of(wording!("列", "column"), name, known));
        } else if head[..index].contains(name) {
            complaints.add(Some(line), name, wording!("该列重复出现", "is a column twice"));
        }
    }
    let mut places = BTreeMap::new();
    for column in known_columns() {
        match head.iter().position(|name| name == column) {
            Some(place) => {
                places.insert(*column, place);
            }
            None if COLUMNS_LEFT_OUT.contains(column) => {}
            None => {
                let complaint = wording!(
                    "缺少该列；各列为 {}",
                    "is a column that is missing; the columns are {}",
                    COLUMNS.join(",")
                );
                complaints.add(Some(line), column, complaint);
            }
        }
    }
    COLUMNS.iter().all(|column| places.contains_key(column)).then_some(places)
}

/// The cells of one line, read by the names of their columns.
struct Cells<'a, 'b> {
    line: u32,
    cells: &'a [String],
    places: &'a BTreeMap<&'static str, usize>,
    complaints: &'a mut Complaints<'b>,
}

impl Cells<'_, '_> {
    fn text(&self, column: &str) -> &str {
        let place = self.places.get(column);
        place.and_then(|place| self.cells.get(*place)).map_or("", String::as_str)
    }

    fn complain(&mut self, column: &str, complaint: impl Into<Wording>) {
        let id = self.text("id").to_owned();
        self.complaints.add_cell(self.line, &id, column, complaint);
    }

    fn keep<T>(&mut self, column: &str, result: Result<T, impl Into<Wording>>) -> Option<T> {
        result.map_err(|error| self.complain(column, error)).ok()
    }

    fn row(&mut self, frame: &Frame) -> Option<Row> {
        let id = self.text("id").to_owned();
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if id.is_empty() || !is_plain {
            self.complain(
                "id",
                wording!(
                    "只能由字母、数字、“_”、“-”和“.”组成",
                    "must be letters, digits, \"_\", \"-\" and \".\""
                ),
            );
        }
        let matches = self.matches(frame);
        let outcome = self.outcome(frame);
        Some(Row { id, matches: matches?, outcome: outcome? })
    }

    fn matches(&mut self, frame: &Frame) -> Option<Matches> {
        let days = self.keep("days_past_due", span_of(self.text("days_past_due"), parse_day));
        let parse_amount = |text: &str| {
            let amount = Money::parse(text, frame.currency).map_err(|error| error.wording())?;
            match amount.minor() {
                0..=BALANCE_MINOR_MAX => Ok(amount.minor()),
                _ => Err(wording!(
                    "“{text}”不是有效余额；须为 0 至 {BALANCE_MINOR_MAX} 个最小货币单位",
                    "{text:?} is not a balance; it is from 0 to {BALANCE_MINOR_MAX} minor units"
                )),
            }
        };
        let balance = self.keep("balance", span_of(self.text("balance"), parse_amount));
        let reported = self.keep("reported", reported_of(self.text("reported")));
        let contacts = self.keep("contacts", span_of(self.text("contacts"), parse_count));
        let trial = self.keep("trial", trial_of(self.text("trial"), &frame.settings));
        let buckets = names_of(self.text("bucket"));
        let segments = names_of(self.text("segment"));
        for name in segments.iter().flatten().filter(|name| !frame.segments.contains(name)) {
            let known = frame.segments.iter().map(String::as_str);
            let Wording { zh, en } = Wording::not_one_of(name, known);
            let complaint = Wording {
                zh: format!("{zh}，或将其加入文件头"),
                en: format!("{en}, or add it to the head"),
            };
            self.complain("segment", complaint);
        }
        Some(Matches {
            buckets,
            days_past_due: days?,
            balance_minor: balance?,
            segments,
            reported_to_bureau: reported?,
            contacts: contacts?,
            trial: trial?,
        })
    }

    fn outcome(&mut self, frame: &Frame) -> Option<Outcome> {
        let days = self.keep("next_days", next_days_of(self.text("next_days")));
        let action = self.text("action").to_owned();
        if action != "contact" {
            let reason = SILENCE_REASONS.into_iter().find(|reason| reason.code() == action);
            let codes = ["contact"].into_iter().chain(SILENCE_REASONS.map(Reason::code));
            let reason = self.keep("action", reason.ok_or_else(|| Wording::not_one_of(&action, codes)));
            for column in ["channels", "template", "tone", "fallback"] {
                if !is_any(self.text(column)) {
                    self.complain(
                        column,
                        wording!("须为“-”：该行不联系客户", "must be \"-\": the row makes no contact"),
                    );
                }
            }
            return Some(Outcome::Silence { reason: reason?, review_days: days? });
        }
        let channels = self.keep("channels", channels_of(self.text("channels")));
        let template = self.text("template").to_owned();
        if is_any(&template) {
            self.complain(
                "template",
                wording!(
                    "缺失；联系客户的行须指明模板",
                    "is missing; a row that makes contact names its template"
                ),
            );
        }
        let tone_text = self.text("tone").to_owned();
        let codes = Tone::ALL.iter().map(|tone| tone.code());
        let tone =
            self.keep("tone", Tone::parse(&tone_text).ok_or_else(|| Wording::not_one_of(&tone_text, codes)));
        let fallback = match is_any(self.text("fallback")) {
            true => Some(Vec::new()),
            false => self.keep("fallback", fallback_of(self.text("fallback"))),
        };
        let (channels, fallback) = (channels?, fallback?);
        self.keep("fallback", fallback_fits(&fallback, &channels, &frame.settings))?;
        Some(Outcome::Contact { channels, template, tone: tone?, next_contact_days: days?, fallback })
    }
}

/// Whether a cell leaves its condition open.
fn is_any(cell: &str) -> bool {
    matches!(cell, "" | "-" | "any")
}

/// The words of a cell, between commas, semicolons and spaces.
pub(super) fn words(cell: &str) -> Vec<String> {
    let parts = cell.split([',', ';', ' ', '，', '、']);
    parts.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn names_of(cell: &str) -> Option<Vec<String>> {
    if is_any(cell) { None } else { Some(words(cell)) }
}

fn reported_of(cell: &str) -> Result<Option<bool>, Wording> {
    match cell {
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        open if is_any(open) => Ok(None),
        other => Err(Wording::not_one_of(other, ["yes", "no", "-"])),
    }
}

/// Reads `quiet_first=holdout`, or several arms of one trial: `quiet_first=soft,firm`.
fn trial_of(cell: &str, settings: &Settings) -> Result<Option<TrialMatch>, Wording> {
    if is_any(cell) {
        return Ok(None);
    }
    let Some((name, arms)) = cell.split_once('=') else {
        return Err(wording!(
            "“{cell}”不是试验及其组别；请写成 quiet_first=holdout 的形式",
            "{cell:?} is not a trial and its arm; write for example quiet_first=holdout"
        ));
    };
    let name = name.trim();
    let known = settings.trials.iter().find(|trial| trial.name == name);
    let trial = known.ok_or_else(|| {
        let names = settings.trials.iter().map(|trial| trial.name.as_str());
        let Wording { zh, en } = named_not_one_of(wording!("试验", "trial"), name, names);
        Wording {
            zh: format!("{zh}，或将其加入文件头的 `trials`"),
            en: format!("{en}, or add it to `trials` in the head"),
        }
    })?;
    let arms = words(arms);
    for arm in &arms {
        if !trial.arms.iter().any(|known| known.name == *arm) {
            let names = trial.arms.iter().map(|arm| arm.name.as_str());
            return Err(named_not_one_of(wording!("组别", "arm"), arm, names));
        }
    }
    if arms.is_empty() {
        return Err(wording!("“{cell}”没有写明试验的组别", "{cell:?} names no arm of the trial"));
    }
    Ok(Some(TrialMatch { trial: name.to_owned(), arms }))
}

fn parse_count(text: &str) -> Result<u32, Wording> {
    let count = text.parse::<u32>().ok().filter(|count| *count <= CONTACTS_MAX);
    count.ok_or_else(|| {
        wording!(
            "“{text}”不是联系次数；请写 0、1..3、>=2 或 -",
            "{text:?} is not a number of contacts; write 0, 1..3, >=2 or -"
        )
    })
}

fn next_days_of(cell: &str) -> Result<u16, Wording> {
    let days = cell.parse::<u16>().ok().filter(|days| (1..=NEXT_DAYS_MAX).contains(days));
    days.ok_or_else(|| {
        wording!(
            "“{cell}”须为 1 至 {NEXT_DAYS_MAX} 的整数天数",
            "{cell:?} must be a whole number of days from 1 to {NEXT_DAYS_MAX}"
        )
    })
}

pub(super) fn channels_of(cell: &str) -> Result<Vec<Channel>, Wording> {
    let mut channels = Vec::new();
    for word in words(cell) {
        let codes = Channel::ALL.iter().map(|channel| channel.code());
        let channel = Channel::parse(&word).ok_or_else(|| Wording::not_one_of(&word, codes))?;
        if channels.contains(&channel) {
            return Err(wording!("“{word}”重复出现", "{word:?} is named twice"));
        }
        channels.push(channel);
    }
    if channels.is_empty() {
        return Err(wording!(
            "缺失；请按优先次序写明渠道，如“push,sms”",
            "is missing; name the channels in order of preference, such as \"push,sms\""
        ));
    }
    Ok(channels)
}

fn parse_day(text: &str) -> Result<i32, Wording> {
    let days = text.parse::<i32>().ok().filter(|days| days.unsigned_abs() <= DAYS_MAX.unsigned_abs());
    days.ok_or_else(|| {
        wording!(
            "“{text}”不是天数；请写 5、1..3、>=31、<=-1 或 -",
            "{text:?} is not a number of days; write 5, 1..3, >=31, <=-1 or -"
        )
    })
}

/// A number of a condition: what lies beside it.
trait Neighbours: Copy + PartialOrd {
    fn before(self) -> Option<Self>;
    fn after(self) -> Option<Self>;
}

macro_rules! neighbours {
    ($($number:ty),+) => {
        $(impl Neighbours for $number {
            fn before(self) -> Option<Self> {
                self.checked_sub(1)
            }

            fn after(self) -> Option<Self> {
                self.checked_add(1)
            }
        })+
    };
}

neighbours!(i32, i64, u32);

/// Reads `5`, `1..3`, `>=31`, `>30`, `<=3`, `<4` or `-`.
fn span_of<N: Neighbours>(
    cell: &str,
    parse: impl Fn(&str) -> Result<N, Wording>,
) -> Result<Span<N>, Wording> {
    if is_any(cell) {
        return Ok(Span { from: None, through: None });
    }
    let read = |text: &str| parse(text.trim());
    let none = || wording!("“{cell}”不可能成立", "{cell:?} holds for nothing");
    if let Some(rest) = cell.strip_prefix(">=") {
        return Ok(Span { from: Some(read(rest)?), through: None });
    }
    if let Some(rest) = cell.strip_prefix("<=") {
        return Ok(Span { from: None, through: Some(read(rest)?) });
    }
    if let Some(rest) = cell.strip_prefix('>') {
        return Ok(Span { from: Some(read(rest)?.after().ok_or_else(none)?), through: None });
    }
    if let Some(rest) = cell.strip_prefix('<') {
        return Ok(Span { from: None, through: Some(read(rest)?.before().ok_or_else(none)?) });
    }
    let (from, through) = match cell.split_once("..") {
        Some((from, through)) => (read(from)?, read(through)?),
        None => (read(cell)?, read(cell)?),
    };
    if from > through {
        return Err(wording!(
            "“{cell}”的终点小于起点；请先写较小的数",
            "{cell:?} ends before it begins; write the smaller number first"
        ));
    }
    Ok(Span { from: Some(from), through: Some(through) })
}
