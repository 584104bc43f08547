//! One run of the program: where its data lie, who acts, which clock and language it has.

use dunlin_domain::wording;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dunlin_domain::contact::{Channel, Language};
use dunlin_domain::date::Timestamp;
use dunlin_engine::delivery::ProviderKind;
use dunlin_engine::payment::Caller;
use dunlin_engine::policy::opt_out_hint;
use dunlin_engine::{Clock, Config, Engine, EngineError, Location};

use crate::args::Common;
use crate::clock::{WallClock, random_key};
use crate::config::{self, Settings};
use crate::failure::Failure;
use crate::identity;
use crate::screen::{cannot_say, complain};

/// The data folder, unless another is named.
const FOLDER_DEFAULT: &str = "dunlin-data";

/// One run of the program.
pub struct Session {
    /// The data folder, if one was named.
    named_folder: Option<PathBuf>,
    /// The database, if one was named.
    database: Option<String>,
    /// The clock of days, if it was said.
    clock: Option<Clock>,
    /// Who acts.
    actor: String,
    /// The language of answers.
    pub language: Language,
    wall_clock: Arc<WallClock>,
}

impl Session {
    /// The run that the options describe.
    ///
    /// # Errors
    /// When `DUNLIN_NOW` is no moment.
    pub fn new(common: &Common) -> Result<Self, Failure> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Ok(Self {
            named_folder: common.data.clone().filter(|folder| !folder.as_os_str().is_empty()),
            database: given(&common.database),
            clock: common.clock,
            actor: given(&common.actor).unwrap_or_else(identity::actor),
            language: language(common.lang),
            wall_clock: Arc::new(WallClock::from_environment()?),
        })
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.wall_clock.now()
    }

    /// What tells the same moments for as long as the program runs.
    #[must_use]
    pub fn moment(&self) -> dunlin_server::Moment {
        let clock = Arc::clone(&self.wall_clock);
        Arc::new(move || clock.now())
    }

    /// Who acts, at this moment.
    #[must_use]
    pub fn caller(&self) -> Caller<'_> {
        Caller { actor: &self.actor, now: self.now() }
    }

    /// The data folder: the one named, or the default.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.named_folder.clone().unwrap_or_else(|| PathBuf::from(FOLDER_DEFAULT))
    }

    /// The data folder, if one was named.
    #[must_use]
    pub fn named_folder(&self) -> Option<&Path> {
        self.named_folder.as_deref()
    }

    /// Opens what is there. Asking about an empty place would answer that nothing is owed, which is not true of
    /// the place that was meant.
    ///
    /// # Errors
    /// When there is no SQLite file, and as [`Session::open_or_create`].
    pub fn open(&self) -> Result<Engine, Failure> {
        let config = self.config()?;
        if let Location::Sqlite(path) = &config.location
            && !path.exists()
        {
            let place = path.display();
            return Err(Failure::refused(
                "no_data",
                wording!(
                    "{place} 没有数据库；请用 `dunlin import FOLDER` 导入数据，或用 --data、--database 指定其他位置",
                    "there is no database at {place}; fill one with `dunlin import FOLDER`, or name another place with --data or --database"
                ),
            ));
        }
        self.start(config)
    }

    /// Opens what is there for a command that sends or keeps, and says so on standard error where the server may lose what
    /// it has committed.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open_to_keep(&self) -> Result<Engine, Failure> {
        let engine = self.open()?;
        let off = engine.db().not_durable().map_err(EngineError::from)?;
        if !off.is_empty() {
            let names = off.join(", ");
            let line = match self.language {
                Language::Zh => format!(
                    "警告：PostgreSQL 的 {names} 已关闭，服务器崩溃时可能丢失已提交的数据（如已发送的记录）；请设为 on"
                ),
                Language::En => format!(
                    "warning: PostgreSQL runs with {names} = off: when the server crashes it may lose what was committed, such as what was sent; set it to on"
                ),
            };
            complain(&line).map_err(|error| cannot_say(&error))?;
        }
        self.warn_of_answers()?;
        Ok(engine)
    }

    /// Says on standard error which providers send e-mails that ask to be answered, without an address for the answers.
    ///
    /// # Errors
    /// A configuration that cannot be.
    pub fn warn_of_answers(&self) -> Result<(), Failure> {
        for provider in self.config()?.providers {
            let ProviderKind::Smtp(smtp) = &provider.kind else { continue };
            if smtp.reply_to.is_some() || !provider.channels.contains(&Channel::Email) {
                continue;
            }
            let (name, sender) = (&provider.name, &smtp.sender);
            let hint = opt_out_hint(Channel::Email, self.language);
            let line = match self.language {
                Language::Zh => format!(
                    "警告：服务商 {name} 没有设置 reply_to，而邮件写有“{hint}”，回复将寄往发件人 {sender}；请把 reply_to 设为有人查收的邮箱"
                ),
                Language::En => format!(
                    "warning: provider {name} has no reply_to, and e-mails say {hint:?}: answers go to the sender {sender}; set reply_to to a mailbox that is read"
                ),
            };
            complain(&line).map_err(|error| cannot_say(&error))?;
        }
        Ok(())
    }

    /// Opens the database, and makes it when it is not there.
    ///
    /// # Errors
    /// A configuration that cannot be; and what the engine says.
    pub fn open_or_create(&self) -> Result<Engine, Failure> {
        self.start(self.config()?)
    }

    fn start(&self, config: Config) -> Result<Engine, Failure> {
        let config::Settings { payments, routing, contact_limits, canaries, retention_years, .. } =
            config::read(&config.folder)?;
        let engine = Engine::open(config, self.now(), random_key())?;
        Ok(engine
            .with_payments(payments)
            .with_routing(routing)
            .with_contact_limits(contact_limits)
            .with_canaries(canaries)
            .with_retention_years(retention_years))
    }

    /// How the engine is to run, from the options, the environment and the file, in this order.
    ///
    /// # Errors
    /// A configuration that cannot be.
    pub fn config(&self) -> Result<Config, Failure> {
        self.config_in(self.folder())
    }

    /// The same for a folder of the caller's choice.
    ///
    /// # Errors
    /// A configuration that cannot be.
    pub fn config_in(&self, folder: PathBuf) -> Result<Config, Failure> {
        let settings = config::read(&folder)?;
        let Settings {
            database,
            clock,
            span_width,
            lender,
            providers,
            payments: _,
            routing: _,
            contact_limits: _,
            canaries: _,
            retention_years: _,
        } = settings;
        let location = match (&self.database, &database) {
            (Some(named), _) => Location::parse(named),
            // A path in the file is seen from the file.
            (None, Some(text)) => match Location::parse(text) {
                Location::Sqlite(path) => Location::Sqlite(folder.join(path)),
                server @ Location::Postgres(_) => server,
            },
            (None, None) => Location::Sqlite(folder.join("dunlin.db")),
        };
        Ok(Config {
            location,
            folder,
            master_key: std::env::var("DUNLIN_MASTER_KEY").ok().filter(|key| !key.is_empty()),
            providers,
            lender,
            clock: self.clock.or(clock),
            span_width,
            actor: self.actor.clone(),
            worker: identity::worker(),
        })
    }
}

/// The language that was asked for, or else that of the environment.
#[must_use]
pub fn language(asked: Option<Language>) -> Language {
    asked.unwrap_or_else(|| language_of(|name| std::env::var(name).ok()))
}

/// Chinese, unless the environment asks for English.
fn language_of(variable: impl Fn(&str) -> Option<String>) -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| variable(name));
    let locale = set.into_iter().find(|locale| !locale.is_empty());
    let is_english =
        locale.is_some_and(|locale| locale == "en" || locale.starts_with("en_") || locale.starts_with("en."));
    if is_english { Language::En } else { Language::Zh }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Language) {
        let found = language_of(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        assert_eq!(found, expected, "{variables:?}");
    }

    #[test]
    fn answers_are_in_chinese_unless_the_locale_is_english() {
        check(&[], Language::Zh);
        check(&[("LANG", "C.UTF-8")], Language::Zh);
        check(&[("LANG", "zh_CN.UTF-8")], Language::Zh);
        check(&[("LANG", "en_US.UTF-8")], Language::En);
        check(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "zh_CN.UTF-8")], Language::Zh);
        check(&[("LANG", "en"), ("LC_ALL", "")], Language::En);
    }
}
