# Texts of the console (English). Same keys and gaps as zh/console.ftl, which a test makes sure of.

## Frame
skip-to-content = skip to content
places = pages
languages = language
today = Today
silence = Silence
agreement = Agreement
search-label = find an agreement by its id
search-hint = Agreement id
search-go = Find
read-only = Read-only console · every overdue agreement has exactly one verdict for every day
back-to-today = Back to Today
trail = where you are
legend = legend
pages = pages of the list
page-before = previous
page-after = next

## Days
choose-day = choose a day
choose-range = choose days
day = Day
day-before = day before
day-after = day after
from = from
through = through
show = Show
business-date = Business date { $date }
weekday-0 = Mon
weekday-1 = Tue
weekday-2 = Wed
weekday-3 = Thu
weekday-4 = Fri
weekday-5 = Sat
weekday-6 = Sun
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December

## Numbers and amounts
money-cny = CNY { $amount }
money-other = { $currency } { $amount }
agreement-count = { $n ->
    [one] { $count } agreement
   *[other] { $count } agreements
}
agreements-shown = { $first } – { $last } of { $total } agreements
days = { $n ->
    [one] { $count } day
   *[other] { $count } days
}

## Today
coverage = Coverage
coverage-alternative = { $overdue } overdue agreements: { $contacted } contacted or under way, { $silent } silent for a named reason, { $unexplained } unexplained.
overdue-agreements = Overdue agreements
contacted = Contacted or under way
contacted-detail = { $delivered } delivered · { $pending } on the way
silent = Silent for a named reason
silent-detail = of these, { $failed } could not be delivered
unexplained = Unexplained
unexplained-examples = The first unexplained ones:
unexplained-sentence = Overdue on this day, and there is no verdict and no reason. This is an incident: find out now.
all-explained = Every overdue agreement has its verdict, none is silent without a reason
some-unexplained = { $n ->
    [one] { $count } overdue agreement has no verdict: find out now
   *[other] { $count } overdue agreements have no verdict: find out now
}
nothing-overdue = No agreement was overdue on this day
nothing-overdue-now = No agreement is overdue now
contacts = Messages
contacts-caption = messages decided on this day, by state and channel
contacts-none = No message was decided on this day
state = State
all-channels = All
messages-planned = Planned
messages-delivered = Delivered
messages-sent = Sent
messages-pending = Waiting
messages-held = Held
messages-failed = Failed
messages-unknown = Unknown
messages-withdrawn = Withdrawn
messages-hint-planned = all that were decided on this day
messages-hint-delivered = the provider's receipt says so
messages-hint-sent = taken by the provider, no receipt yet
messages-hint-pending = for their moment or another try
messages-hint-held = by a pause; a fresh notice follows where one is still due
messages-hint-failed = or out of date before sending
messages-hint-unknown = the provider did not say
messages-hint-withdrawn = taken back, or replaced by a fresh one
verdicts-by-reason = Verdicts by reason
reason = Reason
share = Share
share-as-bar = share as a bar
agreements = Agreements
agreement-days = Agreement-days
buckets = Buckets
buckets-now = as the accounts stand now
bucket = Bucket
tier = Tier
tiers = What is owed, by tier
tiers-note = By days past due as each product classifies them; without what is held back from income.
tier-of-customer = { $tier } (customer: { $worst })
overdue-amount = Overdue amount
pauses-and-incidents = Pauses and incidents
pauses = Pauses
pauses-none = No pause on this day
set-by = set by { $author }
incidents = Incidents
incidents-none = Nothing went wrong on this day that was noticed
incident-action = What to do: { $action }
incident-report = Caught up: { $report }
watched-at = Last looked at everything { $moment }
affected = { $n ->
    [one] { $count } hit
   *[other] { $count } hit
}
incident-open = not over
since = since { $moment }
messages-hit = { $n ->
    [one] { $count } message hit
   *[other] { $count } messages hit
}
times-seen = { $n ->
    [one] seen once
   *[other] seen { $count } times
}

## Channels and states of messages
channel-sms = SMS
channel-voice = Call
channel-email = E-mail
channel-push = Push
channel-letter = Letter
state-planned = planned
state-held = held by a pause
state-queued = waiting
state-sending = being sent
state-accepted = sent
state-delivered = delivered
state-failed = failed
state-unknown = outcome unknown
state-expired = out of date
state-replaced = replaced by a fresh one
state-cancelled = cancelled

## Families of reasons
family-contact = Contact
family-policy = Policy
family-account = Account
family-bureau = Bureau
family-voice = Customer's voice
family-rule = Law and rules
family-trial = Trial arm
family-model = Model
family-capacity = Capacity
family-pause = Planned pause
family-contact_data = Contact data
family-fault = Fault
family-other = Other

## Silence
reasons-over-time = Reasons over time
chart-hint = Each column is all overdue agreements of a day, by reason. Choose a segment to see its agreements.
chart-alternative = Stacked columns of { $days } days, { $overdue } overdue agreement-days: { $contacted } contacted or under way, { $silent } silent for a named reason, { $unexplained } unexplained. The table below has the numbers of each day.
four-weeks = 4 weeks
twelve-weeks = 12 weeks
all-days = All
all-days-by-reason = All these days
range-totals = { $days } days · { $overdue } overdue agreement-days · { $contacted } contacted or under way · { $silent } silent for a named reason · { $unexplained } unexplained
day-by-day = Day by day
day-by-day-hint = Choose a number to see the agreements of that day and reason.
list-empty = No agreement has this reason on this day.
days-past-due = Days past due
product = Product
why = Why

## Agreement
opened-on = opened { $date }
position-on = Position on { $date }
owed = Owed in all
late-fee = Late fee
credit-limit = Credit limit
credit = Unapplied credit
line = Credit line
line-used = Used
line-held = Held
line-free = Available
line-blocked = Unused, not to be drawn now
line-credit = Unapplied credit counted in
line-over = { $amount } beyond the limit: nothing can be drawn, and nothing falls due because of it.
line-holds = Open holds
hold-merchant = Merchant
hold-reference = Reference
hold-through = Held through
hold-amount = Authorised
hold-held = Held
calendar = Verdicts by day
calendar-hint = The colour is the family of the day's reason. Choose a day to see why.
not-overdue = Nothing overdue
statements = Open statements
statements-none = No open statement
all-statements = Statements
all-statements-hint = Each is made from what was known when it was issued; the customer's name is masked.
all-statements-none = No statements yet
all-statements-link = All statements
back-to-agreement = Back to the agreement
statement-cut-off = Cut-off
statement-due = Due
statement-previous = Previous balance
statement-new = New balance
statement-minimum = Minimum payment
statement-overdue = Overdue
statement-forms = Document
cut-off = Cut-off
due-on = Due
billed = Billed
paid = Paid
rest = Open
minimum-payment = Minimum payment
overdue = overdue
holds = Pauses and freezes
circumstances = What is known of the customer
circumstance-in-force = in force
hold-span = { $from } to { $through }
hold-open = from { $from } until further notice
hold-running = running
timeline = Timeline
timeline-none = Nothing recorded yet
earlier = { $n ->
    [one] { $count } earlier entry
   *[other] { $count } earlier entries
}
kind-purchase = Purchase
kind-payment = Payment
kind-refund = Refund
kind-reversal = Reversal
kind-waiver = Waiver
kind-obligation = Obligation
kind-charge = Charge
kind-ageing_pause = Ageing pause
kind-ageing_resume = Ageing resumed
kind-fee_freeze = Late fee freeze
kind-statement_plan = Statement instalments
kind-reschedule = Reschedule
kind-payoff = Early payoff
kind-credit_refund = Credit paid out
kind-charge_off = Charge-off
kind-write_off = Write-off
kind-sale = Sale of the claim
kind-statement = Statement
kind-missed = Missed
kind-verdict = Verdict
kind-message = Message
kind-contact_point = Contact data
contact-points = Contact points
contact-points-none = No contact point
point-kind-phone = Phone
point-kind-email = E-mail
point-kind-push = App push
point-kind-postal = Address
point-verified = verified { $date }, { $how }
point-place = from { $place }
point-place-line = from { $file } line { $line }
point-state-active = active
point-state-removed = removed
point-state-invalid = invalid

## Why
why-heard = Why did the customer hear from us?
why-silent = Why did the customer hear nothing?
answer = Answer
message-became = Message: { $state }
no-verdict = No verdict needed
no-verdict-sentence = Nothing was overdue on this day, so there is no verdict
chain = From facts to outcome
evidence = evidence
customer-sentence = What the customer may be told
stage-facts = Facts
stage-position = Position
stage-strategy = Strategy
stage-rule = Rule
stage-pause = Pause
stage-fault = Fault
stage-contact_data = Contact data
stage-message = Message
stage-outcome = Outcome

## Problems
problem-impossible_date-title = No such day
problem-impossible_date-message = “{ $text }” is not a day of the calendar.
problem-impossible_date-remedy = Give a day that exists, written as 2026-02-28.
problem-bad_number-title = Not a number
problem-bad_number-message = The value “{ $text }” of { $name } is not a whole number that can be used.
problem-bad_number-remedy = Give 0 or a positive whole number.
problem-unknown_reason-title = No such reason
problem-unknown_reason-message = There is no reason with the code “{ $text }”.
problem-unknown_reason-remedy = Choose it in the chart or the table of the page Silence.
problem-backward_range-title = Days in the wrong order
problem-backward_range-message = The first day { $from } is after the last day { $through }.
problem-backward_range-remedy = Exchange the two days.
problem-long_range-title = Too many days
problem-long_range-message = The range has { $days } days; { $max } can be shown at once.
problem-long_range-remedy = Choose fewer days and look at them in turn.
problem-no_id-title = No agreement id
problem-no_id-message = No agreement id was given.
problem-no_id-remedy = Give the lender's id, or the one that begins with agr_, in the field above.
problem-day_not_run-title = No verdicts on this day
problem-day_not_run-message = { $asked } was not run, or is not closed yet.
problem-day_not_run-remedy = Choose a day from { $first } to { $last }.
problem-no_day_yet-title = No day has been run yet
problem-no_day_yet-message = No business date has been run and closed, so there are no verdicts to show.
problem-no_day_yet-remedy = Run dunlin day --date DATE, then load this page again.
problem-no_statement-title = No statement on this day
problem-no_statement-message = The agreement “{ $name }” has no statement of this day.
problem-no_statement-remedy = Choose a cut-off from the page Statements of the agreement.
problem-no_statement-nearest = The nearest statements: { $days }.
problem-unknown_account-title = No such account
problem-unknown_account-message = The chart has no account “{ $code }”.
problem-unknown_account-remedy = Choose it from the trial balance of the page Books.
problem-unknown_agreement-title = No such agreement
problem-unknown_agreement-message = There is no agreement with the id “{ $name }”.
problem-unknown_agreement-remedy = Check the id (capitals matter), or choose it from a list of the page Silence.
problem-no_such_page-title = No such page
problem-no_such_page-message = There is nothing at this address.
problem-no_such_page-remedy = Check the address, or begin at the page Today.
problem-foreign_host-title = Not this machine
problem-foreign_host-message = The request names a host that is not this machine.
problem-foreign_host-remedy = Use the address shown at the start, such as http://127.0.0.1 with its port.
problem-engine-title = The data could not be read
problem-engine-message = The system says: { $text }
problem-engine-remedy = Settle that and load this page again; dunlin verify checks the data.
problem-crashed-title = The program failed
problem-crashed-message = The program failed while it made this page.
problem-crashed-remedy = Load the page again; if it fails again, report it with what the starting window shows.

## Books
books = Books
trial-balance = Trial balance
chart-of-accounts = chart
account = Account
debit-side = Debit
credit-side = Credit
balance = Balance
debit-short = Dr
credit-short = Cr
in-all = In all
sides-equal = Both sides are equal
sides-differ = The sides differ; find out why with dunlin verify
nothing-posted = Nothing was posted
nothing-closed = No period is closed
closed-through = The books are closed through { $date }
no-account = no account in the chart
class-asset = asset
class-liability = liability
class-equity = equity
class-income = income
class-expense = expense
class-off_balance = off balance
opening-and-closing = Opening and closing
opening = Opening
closing = Closing
movements = Movements
movement-count = { $n ->
    [one] { $count } posting
   *[other] { $count } postings
}
movements-shown = The first { $shown } of { $all } postings; dunlin ledger journal writes them all
what-for = What for
against = Against
posting-purchase = purchase
posting-refund = refund
posting-payment = payment
posting-obligation = obligation
posting-fee = fee billed
posting-allocation = allocation
posting-late_fee = late fee posted
posting-waiver = waiver
posting-accrual = daily accrual
posting-true_up = accrual trued up
posting-suspension = recognition suspended
posting-recognition = recognised when paid
posting-resumption = recognition resumed
posting-provision = provision
posting-rounding = rounding over all parts
posting-credit_refund = credit paid out
posting-overpaid_refund = paid out beyond the credit
posting-recovery = recovery
posting-sale = sale of the claim
posting-charge = charge
posting-write_off = write-off
posting-charge_off = charge-off
posting-memorandum = memorandum
posting-unassigned = unidentified receipt
posting-assigned = receipt identified

## Measures
measures = Measures
measures-hint = What is in force besides the strategy: pauses, gentler modes, what customers said, and what waits for a second person
measures-waiting = Waiting for a second person
measures-waiting-note = Changes of contact data and templates that one person asked for and another must approve, with dunlin contact-point approve and dunlin template approve.
measures-waiting-none = Nothing waits
measures-pauses = Pauses
measures-pauses-note = Planned stops of contact: notices that fall due are held; where one is still due when it ends, one fresh notice follows.
measures-pauses-none = There is no pause
measures-modes = Gentler modes
measures-modes-note = A part of the portfolio is treated more gently; nothing is made good afterwards.
measures-modes-none = There is no gentler mode
measures-holds = What customers said
measures-holds-note = Complaints, disputes, promises, opt-outs and the like, for which contact rests by the rules (the newest 200).
measures-holds-none = Nothing is recorded
measure-what = What
measure-about = About
measure-author = Asked by
measure-asked = Asked at
measure-days = Days
measure-reaches = Reaches
measure-why = Why
measure-state = State
measure-people = Asked → approved
measure-effect = Effect
measure-customer = Customer
measure-value = Value
measure-all = all
measure-contact_request = contact data
measure-template = template
measure-contact_rules = contact rules
measure-strategy = strategy
measure-policy = policy document
measure-state-pending = waiting
measure-state-approved = approved
measure-state-rejected = refused
measure-effect-silent = no contact
measure-effect-no_calls = no calls

## Calls
calls = Calls
calls-hint = Calls that agents are to place: who has which one, and what became of it. Take and record them with dunlin call next and dunlin call outcome
calls-tasks = Tasks
calls-none = There is no call to place
calls-customer = Customer
calls-value = Owed
calls-state = State
calls-agent = Agent
calls-result = Result
calls-changed = Changed at
calls-asked-for = the customer asked to be called then

# Coverage and costs

coverage-costs = Coverage and costs
coverage-costs-note = Overdue agreement-days are counted by the verdict of the day. Costs are counted by the day of the charge, reminders before the due date included; the groups make what dunlin costs says.
coverage-by-product = By product
coverage-by-bucket = By bucket
coverage-by-channel = By channel
coverage-product = Product
coverage-bucket = Bucket
coverage-channel = Channel
coverage-no-message = no message
overdue-days = Overdue days
coverage-delivered = Delivered
spent = Spent
spent-on-messages = What messages cost
spent-none = Nothing was charged for messages
spent-per-agreement = Per agreement charged for
spent-per-delivered = Per delivery
spent-words = { $currency } { $cost } for { $messages } messages: { $agreement } for each agreement that was contacted, { $delivered } for each message that arrived
