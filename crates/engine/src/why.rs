//! *Why* an agreement heard something, or nothing, on a day: the chain from facts to outcome.

mod cause;
mod others;
mod sentence;
mod then;

use dunlin_domain::arrears::OverdueSpan;
use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::{BusinessDate, Date, Timestamp};
use dunlin_domain::fact::Fact;
use dunlin_domain::fallback::FallbackCause;
use dunlin_domain::gentle_mode::{GentleMode, ModeSubject, applying};
use dunlin_domain::id::{CircumstanceId, CustomerId, FactId, MessageId};
use dunlin_domain::message::MessageState;
use dunlin_domain::money::Currency;
use dunlin_domain::pause::Pause;
use dunlin_domain::position::known_at;
use dunlin_domain::reason::Reason;
use dunlin_domain::strategy::Outcome;
use dunlin_domain::terms::{Component, Terms};
use dunlin_domain::verdict::Evidence;
use dunlin_domain::wording;
use dunlin_store::agreement::AgreementRow;
use dunlin_store::fallback::FallbackRow;
use dunlin_store::inquiry::{self, InquiryRow};
use dunlin_store::message::{self, AttemptRow, MessageRow};
use dunlin_store::record::{self, VerdictRow};
use dunlin_store::{Tx, customer, gentle_mode, message_cost, person, policy, run};

use crate::chain;
use crate::costs::written;
use crate::coverage::{overdue_days, verdict_on};
use crate::detail_words::{code_in, detail_in};
use crate::evidence::last_by_value_date;
use crate::policies::Policies;
use crate::view::{Why, WhyLink};
use crate::{Engine, EngineError};

/// A message's state in the words of both languages.
pub(crate) fn state_words(state: MessageState) -> (&'static str, &'static str) {
    match state {
        MessageState::Planned => ("已计划", "planned"),
        MessageState::Held => ("因停催保留", "held by a pause"),
        MessageState::Queued => ("待发送", "waiting to be sent"),
        MessageState::Sending => ("发送中", "being sent"),
        MessageState::Accepted => ("服务商已受理", "taken by the provider"),
        MessageState::Delivered => ("已送达", "delivered"),
        MessageState::Failed => ("发送失败", "failed"),
        MessageState::Unknown => ("结果不明", "outcome unknown"),
        MessageState::Expired => ("过期未发", "out of date before it was sent"),
        MessageState::Replaced => ("已由新通知替代", "replaced by a fresh notice"),
        MessageState::Cancelled => ("已取消", "taken back"),
    }
}

/// A channel in the words of both languages.
pub(crate) fn channel_words(channel: Option<Channel>) -> (&'static str, &'static str) {
    match channel {
        Some(Channel::Sms) => ("短信", "text message"),
        Some(Channel::Voice) => ("电话", "phone call"),
        Some(Channel::Email) => ("电子邮件", "e-mail"),
        Some(Channel::Push) => ("App推送", "app push"),
        Some(Channel::Letter) => ("信函", "letter"),
        None => ("尚未选定渠道的", "notice without a channel yet"),
    }
}

/// A message with all that became of it.
struct Sent<'c> {
    message: &'c MessageRow,
    attempts: Vec<AttemptRow>,
    receipts: Vec<(String, String, Timestamp)>,
    costs: Vec<(u32, Currency, i64)>,
    /// What its provider said when it was asked.
    asked: Vec<InquiryRow>,
    /// What followed on it, where it did not get through.
    followed_by: Option<&'c FallbackRow>,
}

/// All that is known about the day.
struct Case<'c> {
    on: Date,
    facts: &'c [Fact],
    /// Those that were known when the day was decided.
    known: &'c [Fact],
    /// When it was decided.
    decided_at: Option<Timestamp>,
    /// The fact learned since that made the day overdue, where the verdict says that nothing was.
    came_late: Option<FactId>,
    is_overdue: bool,
    verdict: Option<&'c VerdictRow>,
    /// The messages that the decision took, first to last.
    chain: &'c [Sent<'c>],
    pauses: &'c [Pause],
    modes: &'c [GentleMode],
    /// What was known of the customer that is behind the reason.
    entries: Vec<CircumstanceId>,
    /// Numbers and addresses of the customer on file.
    points: Vec<String>,
    reason: Option<Reason>,
    /// Of a day that is a contact: where the message stands that makes it one.
    contact: Option<MessageState>,
}

impl Engine {
    /// Why the agreement heard something, or nothing, on the day.
    ///
    /// # Errors
    /// [`EngineError::NotFound`] for an unknown agreement; a day that was not run; what the database says.
    pub fn why(&self, name: &str, on: Date) -> Result<Why, EngineError> {
        let policies = self.policies()?;
        self.db.read_as(|tx| {
            let row = self.find_agreement(tx, name)?;
            let (first, last) = run::day_range(tx)?.ok_or(EngineError::NoDayYet)?;
            if on < first.0 || on > last.0 {
                let complaint = wording!(
                    "会计日 {on} 尚未跑批；已跑批的是 {first} 至 {last}",
                    "day {on} has not been run; days {first} to {last} have"
                );
                return Err(EngineError::Refused { code: "day_not_run", complaint });
            }
            self.why_of(tx, &policies, &row, on)
        })
    }

    fn why_of(
        &self,
        tx: &mut Tx<'_>,
        policies: &Policies,
        row: &AgreementRow,
        on: Date,
    ) -> Result<Why, EngineError> {
        let terms = policies.terms(&row.product, row.product_version, row.statement_day, on)?;
        let facts = self.facts(tx, row)?;
        let verdicts = record::verdicts_of(tx, row.part, row.id, row.currency)?;
        let messages = message::of_agreement(tx, row.part, row.id)?;
        let spans: Vec<OverdueSpan> = overdue_days(row, &terms, &facts, on, on)?;
        let verdict = verdict_on(&verdicts, on);
        let next = chain::of_messages(tx, &messages)?;
        let held_up = chain::held_up_of(tx, &messages, &self.zone)?;
        let find = |id: MessageId| messages.iter().find(|message| message.id == id);
        let root = verdict.and_then(|verdict| verdict.span.message);
        let sent = match root {
            Some(root) => sent(tx, chain::members(root, &next, find))?,
            None => Vec::new(),
        };
        let told = root.and_then(|root| chain::told(root, (&next, &held_up), find));
        let fate = told.as_ref().map(chain::Told::fate);
        let mut reason = verdict.map(|verdict| verdict.span.reason_on(on, fate));
        let decided_at = run::find_day(tx, BusinessDate(on))?.map(|day| day.decided_at);
        let known = decided_at.map(|moment| known_at(&facts, moment)).unwrap_or_default();
        let mut came_late = None;
        if reason == Some(Reason::NothingOverdue) && !spans.is_empty() {
            let was_overdue = !overdue_days(row, &terms, &known, on, on)?.is_empty();
            reason = (!was_overdue).then_some(Reason::LearnedLate);
            came_late = then::made_overdue(row, &terms, &facts, decided_at, on);
        }
        let pauses = policy::pauses(tx)?;
        let modes = gentle_mode::all(tx)?;
        let case = Case {
            on,
            entries: cause::entries_behind(tx, row, reason, on)?,
            points: match reason {
                Some(Reason::NoContactPoint) => cause::points_of(tx, row.customer)?,
                _ => Vec::new(),
            },
            facts: &facts,
            known: &known,
            decided_at,
            came_late,
            is_overdue: !spans.is_empty(),
            verdict,
            chain: &sent,
            pauses: &pauses,
            modes: &modes,
            reason,
            contact: told
                .as_ref()
                .map(|told| told.message.state)
                .filter(|_| reason == Some(Reason::Contacted)),
        };
        let mut links = vec![case.facts_link()];
        links.extend(case.position_links(&terms, row, self)?);
        links.extend(self.person_link(tx, row, on)?);
        links.extend(case.strategy_link(policies));
        links.extend(made_good_link(&verdicts, verdict));
        links.extend(case.cause_link(self));
        links.extend(
            case.no_calls_link(policies, (row, &terms)).or_else(|| case.other_channel_link(policies)),
        );
        for sent in &sent {
            links.push(sent.message_link());
            links.extend(sent.inquiry_link(self));
            links.extend(sent.fallback_link(self));
        }
        links.extend(self.other_contacts(tx, row, on, &messages, &sent)?);
        links.push(case.outcome_link());
        Ok(Why {
            agreement: row.external_id.clone(),
            date: on,
            is_overdue: case.is_overdue,
            reason: case.reason,
            message: told
                .filter(|told| verdict.is_some_and(|verdict| verdict.span.contact_on(told.left_on) == on))
                .map(|told| told.message.state),
            links,
            customer_sentence: case.customer_sentence(policies),
        })
    }
}

impl Engine {
    /// The other customers who are the same person, with whom contacts are counted together.
    fn person_link(
        &self,
        tx: &mut Tx<'_>,
        row: &AgreementRow,
        on: Date,
    ) -> Result<Option<WhyLink>, EngineError> {
        let others = person::others_on(tx, row.customer, on)?;
        if others.is_empty() {
            return Ok(None);
        }
        let ids: Vec<CustomerId> = others.iter().map(|(id, _)| *id).collect();
        let opened = customer::opened(tx, &self.master, &ids)?;
        let name =
            |id: &CustomerId| opened.get(id).map_or_else(|| id.to_string(), |row| row.external_id.clone());
        let told = |(id, from): &(CustomerId, Date)| (name(id), *from);
        let told: Vec<(String, Date)> = others.iter().map(told).collect();
        let zh: Vec<String> = told.iter().map(|(name, from)| format!("{name}（自{from}起）")).collect();
        let en: Vec<String> = told.iter().map(|(name, from)| format!("{name} (from {from})")).collect();
        Ok(Some(link(
            "facts",
            format!("客户与{}为同一人，联系次数与限制合并计算", zh.join("、")),
            format!(
                "the customer is the same person as {}; contacts and holds are counted together",
                en.join(", ")
            ),
            ids.iter().map(ToString::to_string).collect(),
        )))
    }
}

/// An English word or name with the indefinite article before it.
fn with_article(name: &str) -> String {
    match name.chars().next() {
        _ if ["credit ", "statement instalments", "ageing resumed"].iter().any(|no| name.starts_with(no)) => {
            name.to_owned()
        }
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {name}"),
        Some(_) | None => format!("a {name}"),
    }
}

fn link(stage: &'static str, zh: String, en: String, evidence: Vec<String>) -> WhyLink {
    WhyLink { stage, text: (zh, en), evidence }
}

/// That a contact makes good what was due on days before it that were not run in time.
fn made_good_link(verdicts: &[VerdictRow], verdict: Option<&VerdictRow>) -> Option<WhyLink> {
    let from = verdict.filter(|verdict| verdict.span.message.is_some())?.span.from;
    let missed_before = |day: Date| {
        verdict_on(verdicts, day.plus_days(-1)).filter(|verdict| verdict.span.reason == Reason::RunMissed)
    };
    let last = missed_before(from)?;
    let first = std::iter::successors(Some(last), |verdict| missed_before(verdict.span.from)).last()?;
    let (first, last, agreement) = (first.span.from, last.span.through, first.span.agreement);
    let (zh, en) = match first == last {
        true => (first.to_string(), first.to_string()),
        false => (format!("{first}至{last}"), format!("{first} to {last}")),
    };
    Some(link(
        "fault",
        format!("补做{zh}应作的联系：当时的批处理没有按时运行"),
        format!("makes good what was due on {en}, when the run did not happen in time"),
        vec![format!("{agreement} {first}")],
    ))
}

/// A share in percent, without digits that say nothing.
pub(crate) fn percent(millionths: u32) -> String {
    let (whole, rest) = (millionths / 10_000, millionths % 10_000);
    if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:04}").trim_end_matches('0').to_owned() }
}

impl Case<'_> {
    fn facts_link(&self) -> WhyLink {
        let known: Vec<&Fact> = self.facts.iter().filter(|fact| fact.value_on <= self.on).collect();
        let last = last_by_value_date(known.iter().copied());
        let count = known.len();
        let facts = if count == 1 { "fact" } else { "facts" };
        let (mut zh, mut en) =
            (format!("截至{}共有{count}条事实记录", self.on), format!("{count} {facts} up to {}", self.on));
        let mut evidence = Vec::new();
        if let Some(last) = last {
            let (kind_zh, kind_en) = fact_words(last);
            zh += &format!("，最近一条是{}的{kind_zh}", last.value_on);
            en += &format!(", the last one {} of {}", with_article(&kind_en), last.value_on);
            evidence.push(last.id.to_string());
        }
        link("facts", zh, en, evidence)
    }

    fn strategy_link(&self, policies: &Policies) -> Option<WhyLink> {
        let span = &self.verdict?.span;
        let (strategy, row) = (span.strategy.as_ref()?, span.row.as_ref()?);
        let document = policies
            .strategies()
            .find(|document| format!("{}@{}", document.table.name, document.table.version) == *strategy);
        let place = document.and_then(|document| document.lines.get(row).map(|line| (document, line)));
        let (zh, en) = match place {
            Some((document, line)) => (
                format!("策略“{}”（{strategy}）第{line}行 {row} 决定", document.header.title_zh),
                format!(
                    "strategy {strategy} ({}) decided by row {row}, line {line}",
                    document.header.title_en
                ),
            ),
            None => (
                format!("策略{strategy}的行 {row} 决定"),
                format!("strategy {strategy} decided by row {row}"),
            ),
        };
        let decided = self.verdict.map(|verdict| verdict.decided_on);
        let since = decided.filter(|decided| *decided != self.on);
        let (zh, en) = match since {
            Some(decided) => {
                (format!("{zh}（{decided}作出，延续至今）"), format!("{en} (on {decided}, still in force)"))
            }
            None => (zh, en),
        };
        Some(link("strategy", zh, en, vec![strategy.clone(), row.clone()]))
    }

    /// That a channel was taken since there was no number or address for those that the row names first.
    fn other_channel_link(&self, policies: &Policies) -> Option<WhyLink> {
        // Where the want of a provider is why, the verdict's own evidence tells it.
        if self.verdict.is_some_and(|verdict| matches!(verdict.span.evidence, Evidence::Unserved(..))) {
            return None;
        }
        let message = self.chain.first()?.message;
        let channels = channels_of_row(policies, &message.strategy, &message.row)?;
        let taken = message.channel.filter(|channel| !channels.contains(channel))?;
        let names = |of: fn((&'static str, &'static str)) -> &'static str, separator: &str| {
            let names = channels.iter().map(|channel| of(channel_words(Some(*channel))));
            names.collect::<Vec<_>>().join(separator)
        };
        let (taken_zh, taken_en) = channel_words(Some(taken));
        Some(link(
            "fallback",
            format!("没有可用于{}的联系方式，按规则改用{taken_zh}", names(|words| words.0, "、")),
            format!(
                "no number or address for {}, so by rule {taken_en} took its place",
                names(|words| words.1, " or ")
            ),
            vec![message.strategy.clone(), message.row.clone()],
        ))
    }

    /// That a gentler mode kept back the call that the strategy's row prefers to the way that the message went.
    fn no_calls_link(&self, policies: &Policies, (row, terms): (&AgreementRow, &Terms)) -> Option<WhyLink> {
        let message = self.chain.first()?.message;
        let taken = message.channel.filter(|channel| *channel != Channel::Voice)?;
        let channels = channels_of_row(policies, &message.strategy, &message.row)?;
        let mut preferred = channels.iter().take_while(|channel| **channel != taken);
        preferred.find(|channel| **channel == Channel::Voice)?;
        let bucket = &terms.buckets.get(self.verdict?.span.bucket_index)?.name;
        let subject = ModeSubject { product: &row.product, bucket, segment: &row.segment };
        let mode = applying(self.modes, &subject, BusinessDate(message.business_date))?;
        mode.leaves_out(Channel::Voice).then_some(())?;
        let (from, note, (taken_zh, taken_en)) = (mode.from, &mode.note, channel_words(Some(taken)));
        Some(link(
            "policy",
            format!("自{from}起的柔性安排不拨打电话：{note}；改用{taken_zh}"),
            format!("gentler mode from {from}, no calls: {note}; {taken_en} was used instead"),
            vec![mode.id.to_string()],
        ))
    }

    /// The channels by which the day's notice should have gone: those of its messages, or else those of the strategy's row.
    fn channels(&self, policies: &Policies) -> Vec<Channel> {
        let mut channels: Vec<Channel> = self.chain.iter().filter_map(|sent| sent.message.channel).collect();
        let row =
            self.verdict.and_then(|verdict| verdict.span.strategy.as_ref().zip(verdict.span.row.as_ref()));
        if let Some((strategy, row)) = row.filter(|_| channels.is_empty()) {
            channels.extend(channels_of_row(policies, strategy, row).into_iter().flatten());
        }
        channels.sort_unstable();
        channels.dedup();
        channels
    }

    /// What the customer may be told: a pause may have words of its own.
    fn customer_sentence(&self, policies: &Policies) -> (String, String) {
        if let (Some("pause"), Some(verdict)) = (self.reason.map(Reason::family), self.verdict)
            && let Evidence::Pause(id) = &verdict.span.evidence
            && let Some(pause) = self.pauses.iter().find(|pause| pause.id == *id)
        {
            // What it held waits for its turn.
            if !pause.is_on(BusinessDate(self.on)) {
                return sentence::after_pause();
            }
            if !pause.customer_zh.is_empty() {
                return (pause.customer_zh.clone(), pause.customer_en.clone());
            }
        }
        if let Some((zh, en)) = self.contact.and_then(sentence::before_it_arrived) {
            return (zh.to_owned(), en.to_owned());
        }
        sentence::of_customer(self.reason, self.is_overdue, &self.channels(policies))
    }

    fn outcome_link(&self) -> WhyLink {
        let evidence = self
            .verdict
            .map(|verdict| vec![format!("{} {}", verdict.span.agreement, verdict.span.from)])
            .unwrap_or_default();
        match (self.reason, self.is_overdue) {
            (Some(reason), _) if self.contact.is_some_and(waits) => link(
                "outcome",
                format!("结论：按策略应当联系，消息尚未发出（{}）", reason.code()),
                format!(
                    "outcome: a contact by the strategy, whose message has not left yet ({})",
                    reason.code()
                ),
                evidence,
            ),
            (Some(reason), _)
                if self.contact.is_some_and(|state| sentence::before_it_arrived(state).is_some()) =>
            {
                link(
                    "outcome",
                    format!("结论：当日按策略发出了消息，尚无送达回执（{}）", reason.code()),
                    format!(
                        "outcome: a message was sent by the strategy; no receipt says yet that it arrived ({})",
                        reason.code()
                    ),
                    evidence,
                )
            }
            (Some(reason), _) => {
                let (zh, en) = (reason.sentence(Language::Zh), reason.sentence(Language::En));
                let code = reason.code();
                link("outcome", format!("结论：{zh}（{code}）"), format!("outcome: {en} ({code})"), evidence)
            }
            (None, false) => link(
                "outcome",
                "结论：当日没有逾期，无需判定".to_owned(),
                "outcome: nothing was overdue, no verdict is owed".to_owned(),
                evidence,
            ),
            (None, true) => link(
                "outcome",
                "结论：逾期却没有判定，属于事故".to_owned(),
                "outcome: overdue without a verdict, an incident".to_owned(),
                evidence,
            ),
        }
    }
}

/// The channels of a strategy's row, where it is one of contact.
fn channels_of_row<'p>(policies: &'p Policies, strategy: &str, row: &str) -> Option<&'p [Channel]> {
    let document = policies
        .strategies()
        .find(|document| format!("{}@{}", document.table.name, document.table.version) == strategy)?;
    match &document.table.rows.iter().find(|known| known.id == row)?.outcome {
        Outcome::Contact { channels, .. } => Some(channels),
        Outcome::Silence { .. } => None,
    }
}

/// Whether nobody has taken a message yet that stands there.
fn waits(state: MessageState) -> bool {
    matches!(state, MessageState::Queued | MessageState::Sending)
}

/// The messages of a chain with all that became of them.
fn sent<'c>(
    tx: &mut Tx<'_>,
    members: Vec<(&'c MessageRow, Option<&'c FallbackRow>)>,
) -> Result<Vec<Sent<'c>>, EngineError> {
    let mut sent = Vec::with_capacity(members.len());
    for (message, followed_by) in members {
        sent.push(Sent {
            message,
            attempts: message::attempts_of(tx, message.id)?,
            receipts: message::receipts_of(tx, message.id)?,
            costs: message_cost::of_message(tx, message.id)?,
            asked: inquiry::of_messages(tx, &[message.id])?,
            followed_by,
        });
    }
    Ok(sent)
}

impl Sent<'_> {
    fn message_link(&self) -> WhyLink {
        let message = self.message;
        let (channel_zh, channel_en) = channel_words(message.channel);
        let (state_zh, state_en) = state_words(message.state);
        let mut zh =
            format!("{}的{channel_zh}通知（模板{}）：{state_zh}", message.business_date, message.template);
        let mut en =
            format!("{channel_en} of {} (template {}): {state_en}", message.business_date, message.template);
        let mut evidence = vec![message.id.to_string()];
        for attempt in &self.attempts {
            let number = attempt.index + 1;
            let answer = attempt.outcome.as_ref().map_or("?", |(_, outcome, _, _)| outcome.as_str());
            zh += &format!("；第{number}次经{}：{}", attempt.provider, outcome_zh(answer));
            en += &format!("; attempt {number} by {}: {answer}", attempt.provider);
            evidence.push(attempt.id.to_string());
            for (_, currency, micros) in self.costs.iter().filter(|(index, _, _)| *index == attempt.index) {
                let cost = written(i128::from(*micros));
                zh += &format!("，费用{currency} {cost}");
                en += &format!(", at {currency} {cost}");
            }
        }
        // Why it waits or came to nothing, where the guard or the provider said so.
        if !message.state_detail.is_empty() && message.state != MessageState::Accepted {
            zh += &format!("；{}", detail_in(&message.state_detail, Language::Zh));
            en += &format!("; {}", detail_in(&message.state_detail, Language::En));
        }
        for (state, code, at) in &self.receipts {
            zh += &format!("；回执 {at}：{}{}", outcome_zh(state), receipt_code_zh(state, code));
            en += &format!("; receipt {at}: {state} {code}");
        }
        link("message", zh, en.trim_end().to_owned(), evidence)
    }

    /// That its provider was asked what became of it, and what it said. The same answer again is told once, with how often.
    fn inquiry_link(&self, engine: &Engine) -> Option<WhyLink> {
        let last = self.asked.last()?;
        let (mut zh, mut en, mut evidence) = (Vec::new(), Vec::new(), vec![last.message.to_string()]);
        let is_same = |left: &&InquiryRow, right: &&InquiryRow| {
            (left.index, &left.answer, &left.code) == (right.index, &right.answer, &right.code)
        };
        let rows: Vec<&InquiryRow> = self.asked.iter().collect();
        for same in rows.chunk_by(is_same) {
            let (first, count) = (same[0], same.len());
            let (at, number) = (shown(first.asked_at, engine), first.index + 1);
            let (words_zh, words_en) = inquiry_words(&first.answer);
            let (times_zh, times_en) = match count {
                1 => (String::new(), String::new()),
                _ => (format!("，共{count}次同样答复"), format!(", {count} times the same")),
            };
            // A code that says the same is not said twice.
            let code = code_in(&first.code, Language::Zh);
            let code = if code.starts_with(words_zh) { &first.code } else { &code };
            zh.push(format!("{at}向{}查询第{number}次发送：{words_zh}（{code}{times_zh}）", first.provider));
            en.push(format!(
                "{} was asked at {at} about attempt {number}: {words_en} ({}{times_en})",
                first.provider, first.code
            ));
            evidence.push(format!("{}:{}", first.answer, first.code));
        }
        Some(link("message", zh.join("；"), en.join("; "), evidence))
    }

    /// What followed on it by rule: another channel, or nothing.
    fn fallback_link(&self, engine: &Engine) -> Option<WhyLink> {
        let row = self.followed_by?;
        let (cause_zh, cause_en) = match row.cause {
            FallbackCause::Failed => ("未送达", "did not arrive"),
            FallbackCause::NoReceipt => ("在规定时间内没有送达回执", "had no receipt in time"),
            FallbackCause::Unknown => ("结果一直不明", "stayed without an answer"),
            FallbackCause::NoContactPoint => ("没有可用的联系方式", "had no number or address"),
        };
        let (channel_zh, channel_en) = channel_words(self.message.channel);
        let at = shown(row.decided_at, engine);
        let (zh, en) = match Reason::parse(&row.reason) {
            None => ("按规则改用下一渠道".to_owned(), "the next channel took its place by rule".to_owned()),
            Some(reason) => (
                format!("其他渠道均不可用：{}（{reason}）", detail_in(&row.detail, Language::Zh)),
                format!(
                    "no other channel could be used: {} ({reason})",
                    detail_in(&row.detail, Language::En)
                ),
            ),
        };
        let evidence = [Some(row.after), row.message].into_iter().flatten().map(|id| id.to_string());
        Some(link(
            "fallback",
            format!("{at}：{channel_zh}{cause_zh}，{zh}"),
            format!("{at}: the {channel_en} {cause_en}; {en}"),
            evidence.collect(),
        ))
    }
}

fn shown(moment: dunlin_domain::date::Timestamp, engine: &Engine) -> String {
    let civil = moment.civil(&engine.zone);
    civil.strftime("%Y-%m-%d %H:%M").to_string()
}

fn currency_zh(row: &AgreementRow) -> String {
    if row.currency == dunlin_domain::money::Currency::CNY {
        "元".to_owned()
    } else {
        row.currency.to_string()
    }
}

/// What a provider says when it is asked, in the words of both languages.
fn inquiry_words(answer: &str) -> (&'static str, &'static str) {
    match answer {
        "delivered" => ("已送达", "it arrived"),
        "failed" => ("未送达", "it did not arrive"),
        "underway" => ("已受理，仍在途中", "taken, and on its way"),
        "never_taken" => ("从未收到，按规则可重新发送", "never taken, so by rule it may be sent again"),
        _ => ("无法确定", "it cannot tell"),
    }
}

/// The code of a receipt behind its state; one that says no more than the state is left as it is.
fn receipt_code_zh(state: &str, code: &str) -> String {
    match code {
        "" => String::new(),
        "DELIVRD" if state == "delivered" => format!("（{code}）"),
        code => format!("，{}", code_in(code, Language::Zh)),
    }
}

fn outcome_zh(word: &str) -> &str {
    match word {
        "accepted" => "已受理",
        "deferred" => "暂缓",
        "throttled" => "超过限速，稍后再试",
        "rejected" => "拒绝",
        "unavailable" => "服务商不可用",
        "unknown" => "结果不明",
        "expired" => "已过期",
        "delivered" => "已送达",
        "failed" => "失败",
        "read" => "已读",
        "posted" => "已交寄",
        other => other,
    }
}

pub(crate) fn fact_words(fact: &Fact) -> (String, String) {
    use dunlin_domain::fact::FactKind;
    let (zh, en) = match fact.kind {
        FactKind::Waiver if matches!(fact.detail.only, None | Some(Component::LateFee)) => {
            ("违约金减免", "waiver")
        }
        kind => (kind.label(Language::Zh), kind.label(Language::En)),
    };
    if fact.amount.is_zero() {
        return (zh.to_owned(), en.to_owned());
    }
    (format!("{zh}{}", fact.amount), format!("{en} of {} {}", fact.amount, fact.amount.currency()))
}

/// Whether a reason that comes with words is given by a setting of the strategy.
fn is_by_strategy(reason: Reason) -> bool {
    matches!(reason, Reason::AgentCapacity | Reason::ChannelCapacity | Reason::FewerCalls)
}
