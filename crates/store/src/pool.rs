//! A bounded set of connections that threads borrow from.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections, at most `open_max` at a time, opened when first needed.
pub(crate) struct Pool<C> {
    state: Mutex<State<C>>,
    returned: Condvar,
    open_max: usize,
}

struct State<C> {
    idle: Vec<C>,
    open_count: usize,
}

/// Why no connection was lent.
pub(crate) enum Refusal<E> {
    /// All stayed lent for the whole wait.
    AllInUse,
    /// A new one could not be opened.
    CannotOpen(E),
}

/// A borrowed connection. Dropped without [`give_back`](Self::give_back) it is closed, which is what must
/// become of a connection whose transaction did not end in an orderly way, also when the borrower panics.
pub(crate) struct Loan<'p, C> {
    pool: &'p Pool<C>,
    connection: Option<C>,
}

impl<C> Pool<C> {
    pub(crate) fn new(open_max: usize) -> Self {
        Self {
            state: Mutex::new(State { idle: Vec::new(), open_count: 0 }),
            returned: Condvar::new(),
            open_max,
        }
    }

    /// Lends a connection, the one last used if any is idle; opens one if there is room; else waits.
    pub(crate) fn borrow<E>(
        &self,
        wait: Duration,
        open: impl FnOnce() -> Result<C, E>,
    ) -> Result<Loan<'_, C>, Refusal<E>> {
        let (mut state, timeout) = self
            .returned
            .wait_timeout_while(self.lock(), wait, |state| {
                state.idle.is_empty() && state.open_count == self.open_max
            })
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = state.idle.pop() {
            return Ok(Loan { pool: self, connection: Some(connection) });
        }
        if timeout.timed_out() && state.open_count == self.open_max {
            return Err(Refusal::AllInUse);
        }
        state.open_count += 1;
        drop(state);
        // The empty loan takes the count back if opening fails or panics.
        let mut loan = Loan { pool: self, connection: None };
        loan.connection = Some(open().map_err(Refusal::CannotOpen)?);
        Ok(loan)
    }

    /// Closes the connections that nobody uses: after a server restart they are all dead.
    pub(crate) fn close_idle(&self) {
        let mut state = self.lock();
        let dead = std::mem::take(&mut state.idle);
        state.open_count -= dead.len();
        drop(state);
        self.returned.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        // The state is never left half changed, so a panic elsewhere does not spoil it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Loan<'_, C> {
    /// Returns the connection for others to use.
    pub(crate) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.lock().idle.push(connection);
            self.pool.returned.notify_one();
            // The count stays: the connection is still open.
            std::mem::forget(self);
        }
    }
}

impl<C> Deref for Loan<'_, C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.connection.as_ref().expect("a loan holds its connection until it is given back")
    }
}

impl<C> DerefMut for Loan<'_, C> {
    fn deref_mut(&mut self) -> &mut C {
        self.connection.as_mut().expect("a loan holds its connection until it is given back")
    }
}

impl<C> Drop for Loan<'_, C> {
    fn drop(&mut self) {
        // Closing comes first: a writer that is still open would keep the next one waiting.
        self.connection = None;
        self.pool.lock().open_count -= 1;
        self.pool.returned.notify_one();
    }
}
