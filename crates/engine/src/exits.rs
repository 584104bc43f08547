//! The ways out of the house: the providers, each spoken to by one thread at a time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dunlin_delivery::{Provider, ProviderTraits};

/// The providers, in the order of the settings.
pub(crate) struct Exits {
    traits: Vec<ProviderTraits>,
    providers: Vec<Mutex<Provider>>,
}

impl Exits {
    pub fn new(providers: Vec<Provider>) -> Self {
        let traits = providers.iter().map(|provider| provider.traits().clone()).collect();
        Self { traits, providers: providers.into_iter().map(Mutex::new).collect() }
    }

    /// What is known of them without speaking to them.
    pub fn traits(&self) -> &[ProviderTraits] {
        &self.traits
    }

    /// One of them, as soon as nobody else speaks to it.
    pub fn provider(&self, index: usize) -> MutexGuard<'_, Provider> {
        self.providers[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a batch of calls of one of them takes as long as the calls.
    pub fn take_long(&self) -> bool {
        self.traits.iter().any(ProviderTraits::takes_long)
    }
}
