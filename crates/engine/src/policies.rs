//! The policy documents of the database: import, and what is in force on a day.

use dunlin_domain::wording;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};

use dunlin_domain::calendar::Calendar;
use dunlin_domain::date::{Date, MonthDay, Timestamp};
use dunlin_domain::money::Currency;
use dunlin_domain::schedule::PlanTerms;
use dunlin_domain::terms::{Billing, Terms};
use dunlin_store::policy::{DocumentRow, count_documents, documents, insert_document};
use dunlin_store::{Tx, audit, period, policy_request};

use crate::payment::Caller;
use crate::policy::{
    CalendarDocument, ContactRulesDocument, Header, LedgerDocument, PolicyDocument, PolicyKind, PolicySet,
    ProductDocument, StrategyDocument, TemplateDocument, content_hash, cost_ceiling_default, kind_of, parse,
    shipped,
};
use crate::policy_requests::needs_second_person;
use crate::{Engine, EngineError};

/// Every policy document of the database, compiled.
#[derive(Default)]
pub struct Policies {
    products: HashMap<(String, u32), Arc<ProductDocument>>,
    strategies: Vec<Arc<StrategyDocument>>,
    contact_rules: Vec<Arc<ContactRulesDocument>>,
    templates: Vec<Arc<TemplateDocument>>,
    calendars: Vec<Arc<CalendarDocument>>,
    ledgers: Vec<Arc<LedgerDocument>>,
}

impl Policies {
    /// Compiles all documents.
    pub(crate) fn load(tx: &mut Tx<'_>) -> Result<Self, EngineError> {
        let mut policies = Self::default();
        for row in documents(tx)? {
            policies.add(compile(&row)?);
        }
        Ok(policies)
    }

    /// Puts one more document in.
    pub(crate) fn add(&mut self, document: PolicyDocument) {
        match document {
            PolicyDocument::Product(document) => {
                let key = (document.header.name.clone(), document.header.version);
                self.products.insert(key, Arc::new(document));
            }
            PolicyDocument::Strategy(document) => self.strategies.push(Arc::new(document)),
            PolicyDocument::ContactRules(document) => self.contact_rules.push(Arc::new(document)),
            PolicyDocument::Template(document) => self.templates.push(Arc::new(document)),
            PolicyDocument::Calendar(document) => self.calendars.push(Arc::new(document)),
            PolicyDocument::Ledger(document) => self.ledgers.push(Arc::new(document)),
        }
    }

    /// A version of a product.
    #[must_use]
    pub fn product(&self, name: &str, version: u32) -> Option<&ProductDocument> {
        self.products.get(&(name.to_owned(), version)).map(Arc::as_ref)
    }

    /// All versions of all products.
    pub fn products(&self) -> impl Iterator<Item = &ProductDocument> {
        self.products.values().map(Arc::as_ref)
    }

    /// The terms of an agreement: its product's, with its own statement day.
    ///
    /// # Errors
    /// [`EngineError::NoPolicy`] when the product's version is not there.
    pub fn terms(
        &self,
        product: &str,
        version: u32,
        own_day: Option<MonthDay>,
        on: Date,
    ) -> Result<Terms, EngineError> {
        let document = self
            .product(product, version)
            .ok_or_else(|| EngineError::NoPolicy { what: format!("product {product}@{version}"), on })?;
        let mut terms = document.terms.clone();
        if let Some(day) = own_day {
            terms.statement_day = day;
        }
        if let Billing::Schedule(billing) = &mut terms.billing {
            billing.calendar = self.calendar(&terms.plan, on)?;
        }
        Ok(terms)
    }

    /// The strategy in force for a currency on a day: the newest version that has begun.
    ///
    /// # Errors
    /// [`EngineError::NoPolicy`].
    pub fn strategy(&self, currency: Currency, on: Date) -> Result<Arc<StrategyDocument>, EngineError> {
        let in_force = self
            .strategies
            .iter()
            .filter(|document| document.table.currency == currency && document.header.effective_from <= on)
            .max_by_key(|document| (document.header.effective_from, document.header.version));
        in_force.cloned().ok_or_else(|| EngineError::NoPolicy { what: format!("strategy in {currency}"), on })
    }

    /// Whether a day can be worked: contact rules are in force, and a strategy of some currency.
    ///
    /// # Errors
    /// [`EngineError::NoPolicy`].
    pub fn suffice_on(&self, on: Date) -> Result<(), EngineError> {
        self.contact_packs(on)?;
        if self.strategies.iter().any(|document| document.header.effective_from <= on) {
            return Ok(());
        }
        Err(EngineError::NoPolicy { what: "strategy".to_owned(), on })
    }

    /// Every strategy that was or is there, to name rows of past decisions.
    pub fn strategies(&self) -> impl Iterator<Item = &StrategyDocument> {
        self.strategies.iter().map(Arc::as_ref)
    }

    /// The packs of contact rules in force on a day, by name: of each the newest version that has begun. Which of them
    /// apply to a contact is for the guard to say.
    ///
    /// # Errors
    /// [`EngineError::NoPolicy`] when there is none.
    pub fn contact_packs(&self, on: Date) -> Result<Vec<Arc<ContactRulesDocument>>, EngineError> {
        let mut newest: BTreeMap<&str, &Arc<ContactRulesDocument>> = BTreeMap::new();
        for document in self.contact_rules.iter().filter(|document| document.header.effective_from <= on) {
            let age =
                |document: &ContactRulesDocument| (document.header.effective_from, document.header.version);
            let entry = newest.entry(&document.header.name).or_insert(document);
            if age(document) > age(entry) {
                *entry = document;
            }
        }
        if newest.is_empty() {
            return Err(EngineError::NoPolicy { what: "contact rules".to_owned(), on });
        }
        Ok(newest.into_values().cloned().collect())
    }

    /// Every template that was or is there.
    pub fn templates(&self) -> impl Iterator<Item = &TemplateDocument> {
        self.templates.iter().map(Arc::as_ref)
    }

    /// The chart of accounts in force on a day; `None` in a database that was made before there were charts.
    #[must_use]
    pub fn ledger(&self, on: Date) -> Option<Arc<LedgerDocument>> {
        let in_force = self.ledgers.iter().filter(|document| document.header.effective_from <= on);
        in_force
            .max_by_key(|document| (document.header.effective_from, document.header.version))
            .map(Arc::clone)
    }

    /// The template in force on a day.
    ///
    /// # Errors
    /// [`EngineError::NoPolicy`].
    pub fn template(&self, name: &str, on: Date) -> Result<Arc<TemplateDocument>, EngineError> {
        let in_force = self
            .templates
            .iter()
            .filter(|document| document.header.name == name && document.header.effective_from <= on)
            .max_by_key(|document| (document.header.effective_from, document.header.version));
        in_force.cloned().ok_or_else(|| EngineError::NoPolicy { what: format!("template {name:?}"), on })
    }

    /// The working-day calendar that a product's plans name: the newest version in force on a day. Plans that
    /// name none never ask it, and get weekends only.
    ///
    /// # Errors
    /// [`EngineError::NoPolicy`].
    pub fn calendar(&self, plan: &PlanTerms, on: Date) -> Result<Calendar, EngineError> {
        let Some(name) = &plan.calendar else { return Ok(Calendar::weekends_only()) };
        let in_force = self
            .calendars
            .iter()
            .filter(|document| document.header.name == *name && document.header.effective_from <= on)
            .max_by_key(|document| (document.header.effective_from, document.header.version));
        let in_force = in_force.map(|document| document.calendar.clone());
        in_force.ok_or_else(|| EngineError::NoPolicy { what: format!("calendar {name:?}"), on })
    }
}

fn compile(row: &DocumentRow) -> Result<PolicyDocument, EngineError> {
    let mut document = compile_text(row)?;
    if needs_second_person(document.header().kind) {
        // Who submitted and who approved it, which its text cannot know.
        let header = document.header_mut();
        header.author.clone_from(&row.author);
        header.approver.clone_from(&row.approver);
    }
    Ok(document)
}

fn compile_text(row: &DocumentRow) -> Result<PolicyDocument, EngineError> {
    let kind = PolicyKind::parse(&row.kind).ok_or_else(|| EngineError::Refused {
        code: "policy_kind",
        complaint: wording!(
            "政策文件 {} 的类型“{}”无法识别",
            "policy document {} has the unknown kind {:?}",
            row.name,
            row.kind
        ),
    })?;
    Ok(parse(kind, &row.file_name, &row.content, cost_ceiling_default())?)
}

/// A chart that begins in a closed period would change reports of the past.
fn refuse_chart_of_closed(tx: &mut Tx<'_>, file: &str, chart: &LedgerDocument) -> Result<(), EngineError> {
    let from = chart.header.effective_from;
    let is_known = documents(tx)?.iter().any(|known| {
        (known.kind.as_str(), &known.name, known.version)
            == (PolicyKind::Ledger.code(), &chart.header.name, chart.header.version)
    });
    match period::closed_through(tx)? {
        Some(closed) if from <= closed && !is_known => Err(EngineError::Refused {
            code: "period_closed",
            complaint: wording!(
                "{file}：effective_from：{from} 处于已结账期间；科目表最早可从 {} 起生效",
                "{file}: effective_from: {from} lies in a closed period; the chart can begin on {} at the earliest",
                closed.plus_days(1)
            ),
        }),
        Some(_) | None => Ok(()),
    }
}

/// What customers read is put in force by two people here, whatever names a file bears in its head.
fn needs_two_people(file: &str, header: &Header) -> EngineError {
    let complaint = wording!(
        "{file}：模板须双人复核：请用 `dunlin template submit {file}` 提交，再由另一人用 `dunlin template approve {}@{}` 审批",
        "{file}: a template needs two people here: submit it with `dunlin template submit {file}`, and have another person \
         approve it with `dunlin template approve {}@{}`",
        header.name,
        header.version
    );
    EngineError::Refused { code: "template_approval", complaint }
}

/// What an import of a policy document did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyImport {
    /// `product`, `strategy`, `contact_rules`, `template`, `calendar` or `ledger`.
    pub kind: PolicyKind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Whether it is new; `false` when exactly this version was there or waited.
    pub is_new: bool,
    /// Whether it waits for a second person's approval and is not in force.
    pub is_pending: bool,
}

fn is_shipped(text: &str) -> bool {
    shipped().iter().any(|known| known.text == text)
}

/// Whether this version is there, with whatever text.
fn is_there(tx: &mut Tx<'_>, header: &Header) -> Result<bool, EngineError> {
    let of = (header.kind.code(), header.name.as_str(), header.version);
    let known = documents(tx)?;
    Ok(known.iter().any(|row| (row.kind.as_str(), row.name.as_str(), row.version) == of))
}

impl Engine {
    /// Imports the text of a policy document after checking it alone and together with the others. Contact rules and
    /// strategies that do not come with the program wait for a second person (see [`Engine::approve_policy`]).
    ///
    /// # Errors
    /// Every complaint; a version that is there already, or waits, with another text; `template_approval` for a template
    /// that is not one of those that come with the program.
    pub fn import_policy(
        &self,
        file_name: &str,
        text: &str,
        now: Timestamp,
    ) -> Result<PolicyImport, EngineError> {
        let kind = kind_of(text).ok_or_else(|| EngineError::Refused {
            code: "policy_kind",
            complaint: wording!(
                "{file_name}：文件没有写明自己的类型；文件头须写 kind，取值为 product、strategy、contact_rules、template、calendar 或 ledger",
                "{file_name}: the document does not say what it is; its head needs kind = product, strategy, contact_rules, template, calendar or ledger"
            ),
        })?;
        let document = parse(kind, file_name, text, cost_ceiling_default())?;
        self.check_with_others(&document)?;
        self.db.write_as(|tx| {
            if let PolicyDocument::Ledger(document) = &document {
                refuse_chart_of_closed(tx, file_name, document)?;
            }
            if !needs_second_person(kind) || is_shipped(text) || is_there(tx, document.header())? {
                return self.add_document(tx, kind, file_name, text, &document, now);
            }
            if kind == PolicyKind::Template {
                return Err(needs_two_people(file_name, document.header()));
            }
            self.propose(tx, file_name, text, &document, now)
        })
    }

    /// Keeps a document until a second person approves it; once, however often the same text comes.
    fn propose(
        &self,
        tx: &mut Tx<'_>,
        file_name: &str,
        text: &str,
        document: &PolicyDocument,
        now: Timestamp,
    ) -> Result<PolicyImport, EngineError> {
        let header = document.header();
        let (kind, name, version) = (header.kind, header.name.clone(), header.version);
        let waits = policy_request::all(tx)?.into_iter().any(|known| {
            (known.kind.as_str(), &known.name, known.version) == (kind.code(), &name, version)
                && known.state == "pending"
                && known.content == text
        });
        if !waits {
            let caller = Caller { actor: &self.config.actor, now };
            self.submit_document(tx, document, (file_name, text), caller)?;
        }
        Ok(PolicyImport { kind, name, version, is_new: !waits, is_pending: true })
    }

    /// Checks a document together with those of the database.
    pub(crate) fn check_with_others(&self, document: &PolicyDocument) -> Result<(), EngineError> {
        let own = match document {
            PolicyDocument::Ledger(document) => document.complaints(),
            _ => Vec::new(),
        };
        let together = self.db.read_as(|tx| -> Result<PolicySet, EngineError> {
            let mut set = PolicySet::default();
            // A chart of before a role was there stays; it must not stand in the way of other documents.
            for row in documents(tx)?.iter().filter(|row| row.kind != PolicyKind::Ledger.code()) {
                set.add(compile(row)?);
            }
            if !matches!(document, PolicyDocument::Ledger(_)) {
                set.add(document.clone());
            }
            Ok(set)
        })?;
        let mut complaints = together.check();
        complaints.extend(own);
        if complaints.is_empty() { Ok(()) } else { Err(EngineError::Policy(complaints)) }
    }

    pub(crate) fn add_document(
        &self,
        tx: &mut Tx<'_>,
        kind: PolicyKind,
        file_name: &str,
        text: &str,
        document: &PolicyDocument,
        now: Timestamp,
    ) -> Result<PolicyImport, EngineError> {
        let header = document.header();
        let row = DocumentRow {
            kind: kind.code().to_owned(),
            name: header.name.clone(),
            version: header.version,
            effective_from: header.effective_from,
            content: text.to_owned(),
            content_hash: content_hash(text),
            file_name: file_name.to_owned(),
            author: header.author.clone(),
            approver: header.approver.clone(),
        };
        let is_new = insert_document(tx, &row, now)?;
        let (name, version) = (row.name.clone(), row.version);
        if !is_new {
            let known = documents(tx)?;
            let same = known.iter().any(|other| {
                (other.kind == row.kind && other.name == row.name && other.version == row.version)
                    && other.content_hash == row.content_hash
            });
            if !same {
                return Err(EngineError::Refused {
                    code: "version_exists",
                    complaint: wording!(
                        "{file_name}：{kind} {name} 第 {version} 版已存在，内容不同；请把修改后的版本号改为 {}",
                        "{file_name}: {kind} {name} version {version} is there already with another text; give the \
                         changed one version {}",
                        version + 1
                    ),
                });
            }
        } else {
            let (subject, after) = (format!("{kind} {name}@{version}"), row.content_hash.clone());
            let entry = audit::Entry {
                at: now,
                actor: &self.config.actor,
                action: "policy.import",
                subject: &subject,
                before: None,
                after: Some(&after),
                cause: file_name,
            };
            self.audit(tx, &entry)?;
        }
        Ok(PolicyImport { kind, name, version, is_new, is_pending: false })
    }

    /// Puts the shipped documents into a new database.
    pub(crate) fn import_shipped_policies(&self, now: Timestamp) -> Result<(), EngineError> {
        let is_empty = self.db.read(|tx| Ok(documents(tx)?.is_empty()))?;
        if !is_empty {
            return Ok(());
        }
        self.db.write_as(|tx| -> Result<(), EngineError> {
            for document in shipped() {
                let parsed = parse(document.kind, document.file, document.text, cost_ceiling_default())?;
                self.add_document(tx, document.kind, document.file, document.text, &parsed, now)?;
            }
            Ok(())
        })
    }

    /// Every policy document of the database, compiled. Compiling takes far longer than a command, so the last
    /// result serves until a document is added, by this process or another.
    ///
    /// # Errors
    /// What the database says, or a document that this version of the program cannot read.
    pub fn policies(&self) -> Result<Arc<Policies>, EngineError> {
        self.db.read_as(|tx| self.policies_in(tx))
    }

    /// The same within a transaction.
    pub(crate) fn policies_in(&self, tx: &mut Tx<'_>) -> Result<Arc<Policies>, EngineError> {
        let document_count = count_documents(tx)?;
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known_count, policies)) = compiled.as_ref()
            && *known_count == document_count
        {
            return Ok(Arc::clone(policies));
        }
        let policies = Arc::new(Policies::load(tx)?);
        *compiled = Some((document_count, Arc::clone(&policies)));
        Ok(policies)
    }
}
