//! What the kernel says a process takes.

use std::fs;

use crate::Result;

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Pages in memory now.
    pub resident: u64,
    /// The most that were.
    pub peak: u64,
    /// Pages in memory now, each shared one divided by those who share it.
    pub proportional: u64,
}

impl Memory {
    /// Reads `/proc`.
    pub fn of(pid: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        Ok(Self {
            resident: field(&status, "VmRSS:")?,
            peak: field(&status, "VmHWM:")?,
            proportional: field(&rollup, "Pss:")?,
        })
    }
}

fn field(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.split_whitespace().next());
    let kib: u64 = kib.ok_or_else(|| format!("/proc says no {name}"))?.parse()?;
    Ok(kib << 10)
}
