//! The queues of every plugin, each under a lock of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oxg_manifest::PluginName;

use super::changes::Bell;
use super::clock::{Clock, Moment};
use super::queue::Queue;
use super::{Changes, TaskCounts, TaskView};

/// The queues of every plugin.
#[derive(Debug)]
pub(crate) struct Plugins {
    clock: Clock,
    by_name: Mutex<HashMap<PluginName, Arc<Plugin>>>,
}

/// The queue of one plugin, and those who wait for it.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) name: PluginName,
    queue: Mutex<Queue>,
    bell: Bell,
}

impl Plugins {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, by_name: Mutex::default() }
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    #[cfg(test)]
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn get(&self, name: &PluginName) -> Arc<Plugin> {
        let mut by_name = lock(&self.by_name);
        if let Some(plugin) = by_name.get(name) {
            return plugin.clone();
        }
        let plugin = Plugin { name: name.clone(), queue: Mutex::default(), bell: Bell::default() };
        let plugin = Arc::new(plugin);
        by_name.insert(name.clone(), plugin.clone());
        plugin
    }

    /// Puts `queues` in the place of every queue there is.
    pub(crate) fn replace(&self, mut queues: HashMap<PluginName, Queue>) {
        let known: Vec<_> = lock(&self.by_name).keys().cloned().collect();
        for name in known {
            queues.entry(name).or_default();
        }
        for (name, queue) in queues {
            let plugin = self.get(&name);
            *plugin.queue() = queue;
            plugin.ring(self.now());
        }
    }

    pub(crate) fn views(&self, name: &PluginName) -> Vec<TaskView> {
        self.get(name).queue().views(self.now())
    }

    pub(crate) fn counts(&self, name: &PluginName) -> TaskCounts {
        self.get(name).queue().counts()
    }

    pub(crate) fn changes(&self, name: &PluginName) -> Changes {
        self.get(name).bell.listen(self.clock.clone())
    }
}

impl Plugin {
    pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// Wakes whoever waits for the tasks.
    pub(crate) fn ring(&self, now: Moment) {
        let next = self.queue().next_event(now);
        self.bell.ring(next);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves each task as it was or as it is to be.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
