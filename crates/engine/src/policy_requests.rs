//! Policy documents that decide whom we contact, how, and with what words: one person submits a version, another one reads
//! what it changes and approves it, and from its first day on it is in force.
//!
//! What comes with the program needs no second person, and neither do products, calendars and charts of accounts.

mod changes;

use dunlin_domain::date::Date;
use dunlin_domain::wording;
use dunlin_domain::wording::Wording;
pub use dunlin_store::policy_request::PolicyRequest;
use dunlin_store::{Tx, audit, policy_request};

use crate::payment::Caller;
use crate::policies::Policies;
use crate::policy::{Header, PolicyDocument, PolicyKind, content_hash, cost_ceiling_default, parse};
use crate::second_person::is_same_person;
use crate::strategy_diff::{self, BothTexts};
use crate::{Engine, EngineError};

/// Whether versions of this kind wait for a second person, unless they come with the program.
#[must_use]
pub fn needs_second_person(kind: PolicyKind) -> bool {
    match kind {
        PolicyKind::Template | PolicyKind::ContactRules | PolicyKind::Strategy => true,
        PolicyKind::Product | PolicyKind::Calendar | PolicyKind::Ledger => false,
    }
}

/// A version that was submitted, and what it changes in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChanges {
    /// The version.
    pub request: PolicyRequest,
    /// The version that is in force without it, `name@version`; `None` of a document of a new name.
    pub before: Option<String>,
    /// What it changes; of a document of a new name, all that it says. Empty of templates, which are read as they are
    /// (see [`Engine::preview_template`]).
    pub changes: Vec<BothTexts>,
}

fn refuse<T>(code: &'static str, complaint: Wording) -> Result<T, EngineError> {
    Err(EngineError::Refused { code, complaint })
}

/// The name by which a version that was submitted is spoken of: `contact_rules/cn@3`.
#[must_use]
pub fn full_name(request: &PolicyRequest) -> String {
    format!("{}/{}@{}", request.kind, request.name, request.version)
}

impl Engine {
    /// Keeps a version of a document until another person approves it. The document is checked before.
    ///
    /// # Errors
    /// `not_rejected` when that version waits with another text or was approved.
    pub(crate) fn submit_document(
        &self,
        tx: &mut Tx<'_>,
        document: &PolicyDocument,
        (file, text): (&str, &str),
        caller: Caller<'_>,
    ) -> Result<PolicyRequest, EngineError> {
        let header = document.header();
        let request = PolicyRequest {
            kind: header.kind.code().to_owned(),
            name: header.name.clone(),
            version: header.version,
            content: text.to_owned(),
            file_name: file.to_owned(),
            submitted_by: caller.actor.to_owned(),
            submitted_at: caller.now,
            state: "pending".to_owned(),
            decided_by: None,
            note: None,
        };
        if !policy_request::submit(tx, &request)? {
            let name = full_name(&request);
            return refuse(
                "not_rejected",
                wording!("{name} 此前已提交且未被驳回", "{name} was submitted before and not rejected"),
            );
        }
        self.audit_request(tx, "submit", &request, "", caller)?;
        Ok(request)
    }

    fn audit_request(
        &self,
        tx: &mut Tx<'_>,
        what: &str,
        request: &PolicyRequest,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        let area = if request.kind == PolicyKind::Template.code() { "template" } else { "policy" };
        let subject = format!("{} {}@{}", request.kind, request.name, request.version);
        let hash = content_hash(&request.content);
        let entry = audit::Entry {
            at: caller.now,
            actor: caller.actor,
            action: &format!("{area}.{what}"),
            subject: &subject,
            before: None,
            after: Some(&hash),
            cause: note,
        };
        Ok(self.audit(tx, &entry)?)
    }

    /// Approves a version that somebody else submitted: it is in force from its first day on.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `same_person`; `not_pending`; complaints that have come up since it was submitted.
    pub fn approve_policy(
        &self,
        name: &str,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<PolicyRequest, EngineError> {
        let request = self.policy_request(name)?;
        if is_same_person(&request.submitted_by, caller.actor) {
            let who = &request.submitted_by;
            let complaint = wording!(
                "{name} 由 {who} 提交；须由另一人审批",
                "{name} was submitted by {who}; another person must approve it"
            );
            return refuse("same_person", complaint);
        }
        let mut document = read(&request)?;
        self.check_with_others(&document)?;
        // Who really wrote and approved it, whatever its head says.
        let header = document.header_mut();
        header.author.clone_from(&request.submitted_by);
        caller.actor.clone_into(&mut header.approver);
        let kind = header.kind;
        self.db.write_as(|tx| -> Result<(), EngineError> {
            self.decide_request(tx, &request, "approved", note, caller)?;
            let (file, text) = (&request.file_name, &request.content);
            self.add_document(tx, kind, file, text, &document, caller.now)?;
            Ok(())
        })?;
        self.policy_request(&full_name(&request))
    }

    /// Rejects a version, with what is to be changed.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `not_pending`.
    pub fn reject_policy(
        &self,
        name: &str,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<PolicyRequest, EngineError> {
        let request = self.policy_request(name)?;
        self.db.write_as(|tx| self.decide_request(tx, &request, "rejected", note, caller))?;
        self.policy_request(&full_name(&request))
    }

    fn decide_request(
        &self,
        tx: &mut Tx<'_>,
        request: &PolicyRequest,
        state: &str,
        note: &str,
        caller: Caller<'_>,
    ) -> Result<(), EngineError> {
        if !policy_request::decide(tx, request, state, (caller.actor, caller.now), note)? {
            return refuse(
                "not_pending",
                wording!("{} 已处理（{}）", "{} is {} already", full_name(request), request.state),
            );
        }
        let what = if state == "approved" { "approve" } else { "reject" };
        self.audit_request(tx, what, request, note, caller)
    }

    /// The version that was submitted as `kind/name@version`, or as `name@version` where only one kind has it.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; `ambiguous`.
    pub fn policy_request(&self, name: &str) -> Result<PolicyRequest, EngineError> {
        let is_named = |request: &PolicyRequest| {
            full_name(request) == name || format!("{}@{}", request.name, request.version) == name
        };
        let mut found = self.policy_requests()?.into_iter().filter(is_named);
        let missing = || EngineError::NotFound { what: "submitted document", name: name.to_owned() };
        let first = found.next().ok_or_else(missing)?;
        match found.next() {
            Some(other) => {
                let (one, other) = (full_name(&first), full_name(&other));
                refuse(
                    "ambiguous",
                    wording!(
                        "{name} 可能是 {one} 或 {other}；请写明是哪一个",
                        "{name} may be {one} or {other}; write which"
                    ),
                )
            }
            None => Ok(first),
        }
    }

    /// All versions that were submitted.
    ///
    /// # Errors
    /// What the database says.
    pub fn policy_requests(&self) -> Result<Vec<PolicyRequest>, EngineError> {
        Ok(self.db.read(policy_request::all)?)
    }

    /// What a version that was submitted changes, against what is in force without it on `today`, or on its own first day
    /// where that is later.
    ///
    /// # Errors
    /// [`EngineError::NotFound`]; complaints that have come up since it was submitted.
    pub fn policy_changes(&self, name: &str, today: Date) -> Result<PolicyChanges, EngineError> {
        let request = self.policy_request(name)?;
        let document = read(&request)?;
        let policies = self.policies()?;
        let on = document.header().effective_from.max(today);
        let (before, changes) = changes_of(&policies, &document, on);
        Ok(PolicyChanges { request, before, changes })
    }
}

/// The document of a version that was submitted.
pub(crate) fn read(request: &PolicyRequest) -> Result<PolicyDocument, EngineError> {
    let kind = PolicyKind::parse(&request.kind).ok_or_else(|| EngineError::Refused {
        code: "policy_kind",
        complaint: wording!(
            "{} 的类型“{}”无法识别",
            "{} is of the unknown kind {:?}",
            full_name(request),
            request.kind
        ),
    })?;
    Ok(parse(kind, &request.file_name, &request.content, cost_ceiling_default())?)
}

fn changes_of(policies: &Policies, document: &PolicyDocument, on: Date) -> (Option<String>, Vec<BothTexts>) {
    let (head, changes) = match document {
        PolicyDocument::ContactRules(after) => {
            let packs = policies.contact_packs(on).unwrap_or_default();
            let before = packs.iter().find(|pack| pack.header.name == after.header.name);
            let changes = changes::of_rules(before.map(|pack| &pack.rules), &after.rules);
            (before.map(|pack| pack.header.clone()), changes)
        }
        PolicyDocument::Strategy(after) => match policies.strategy(after.table.currency, on) {
            Ok(before) => {
                (Some(before.header.clone()), strategy_diff::table_changes(&before.table, &after.table))
            }
            Err(_) => (None, Vec::new()),
        },
        PolicyDocument::Product(_)
        | PolicyDocument::Template(_)
        | PolicyDocument::Calendar(_)
        | PolicyDocument::Ledger(_) => (None, Vec::new()),
    };
    let Some(before) = head else { return (None, changes) };
    let begins = |header: &Header| (header.effective_from, header.version);
    let name = format!("{}@{}", before.name, before.version);
    // What is in force is the newest by its first day: a version that begins before it decides nothing.
    let outdone = (begins(document.header()) < begins(&before)).then(|| {
        let from = before.effective_from;
        (
            format!("不会生效：{name}自{from}起施行，晚于本版本"),
            format!("it would never be in force: {name} begins later, on {from}"),
        )
    });
    (Some(name), outdone.into_iter().chain(changes).collect())
}
