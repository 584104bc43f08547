//! Progress on standard error, with rate and time left; nothing at all where that is no terminal.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

/// How often a bar moves although nothing was reported, so that it is seen to live.
const TICK: Duration = Duration::from_millis(200);

/// A line of progress, taken away when it is dropped.
pub struct Meter {
    bar: ProgressBar,
}

impl Meter {
    /// Counts up to a total that may be told later.
    #[must_use]
    pub fn counted(title: &str, unit: &str) -> Self {
        Self::with_template(
            title,
            &format!("{{msg}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit} {{rate}} {{eta}}"),
        )
    }

    /// Counts bytes.
    #[must_use]
    pub fn of_bytes(title: &str) -> Self {
        Self::with_template(title, "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
    }

    /// Counts without knowing how much there is.
    #[must_use]
    pub fn endless(title: &str, unit: &str) -> Self {
        Self::with_template(title, &format!("{{spinner}} {{msg}} {{human_pos}} {unit} {{rate}} {{elapsed}}"))
    }

    fn with_template(title: &str, template: &str) -> Self {
        let bar = ProgressBar::new(0).with_message(title.to_owned());
        // A template of ours that does not parse costs the looks of the bar and nothing else.
        if let Ok(style) = ProgressStyle::with_template(template) {
            let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn Write| {
                // A line that cannot be drawn is drawn again a moment later.
                let _drawn_again = write!(out, "{:.0}/s", state.per_sec());
            });
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// What is being done.
    pub fn title(&self, title: String) {
        self.bar.set_message(title);
    }

    /// So much is done of so much.
    pub fn at(&self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }

    /// So much is done.
    pub fn reached(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Leaves a line above the meter.
    pub fn note(&self, line: &str) {
        self.bar.println(line);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
