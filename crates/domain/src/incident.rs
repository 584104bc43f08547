//! What an incident can be: silence, or its cause, that the system found by itself.
//!
//! Leaves out failures of a channel that a provider answers with, which dispatch notes, and how incidents are found.

use crate::contact::code_enum;

code_enum! {
    /// What the watch found.
    IncidentCode {
        /// A business day was not run by the time at which it should have been.
        DayNotRun = "day_not_run",
        /// An agreement that is overdue by its facts has no verdict for the day, or one that denies it.
        UnexplainedSilence = "unexplained_silence",
        /// A verdict has a reason that facts and policy do not give.
        WrongReason = "wrong_reason",
        /// A verdict says that contact was made, and there is no message.
        MessageMissing = "message_missing",
        /// Messages are due and nobody takes them.
        OutboxStuck = "outbox_stuck",
        /// Messages wait for a channel that no provider serves.
        ChannelUnserved = "channel_unserved",
        /// A worker is not heard of any more.
        WorkerSilent = "worker_silent",
        /// A provider takes messages and sends no receipts any more.
        ReceiptsSilent = "receipts_silent",
        /// More messages of a stream than usual are not known to have arrived.
        FailureRate = "failure_rate",
        /// A day has too few or too many messages of a kind.
        Volume = "volume",
        /// Those who were contacted, by the receipts, pay no more often than those who were left alone.
        OutcomeLost = "outcome_lost",
        /// A test message to ourselves did not arrive.
        CanaryMissing = "canary_missing",
        /// A provider or worker reports what cannot have happened to a message.
        ImpossibleTransition = "impossible_transition",
        /// The clock went back, or the sending stood still.
        ClockBack = "clock_back",
        /// Nobody watched for a while.
        WatchGap = "watch_gap",
        /// More contact points than usual were removed, overwritten, or added to customers who were known before.
        ContactData = "contact_data",
        /// Somebody opted out from a number or address that no customer has.
        OptOutUnmatched = "opt_out_unmatched",
    }
}
