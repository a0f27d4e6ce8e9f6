//! Measures the way out, always side by side in one run: what else runs on the machine then meets
//! every candidate alike.
//!
//! | module | what |
//! |---|---|
//! | [`target`] | the HTTP server that everything leads to |
//! | [`stand_in`] | a server on a Unix socket that answers as a broker would, and does nothing else |
//! | [`broker`] | a broker of ours with limits that let 10 GiB through |
//! | [`clients`] | the clients to compare: ours, hyper-util's, reqwest |
//! | [`calls`] | one call at a time, or a few: time per call, candidate beside candidate |
//! | [`load`] | many connections for a fixed time: requests and bytes a second, latency |
//! | [`memory`] | what the broker's process takes |

pub mod broker;
pub mod calls;
pub mod clients;
pub mod load;
pub mod memory;
pub mod process;
pub mod stand_in;
pub mod target;

/// Why a measurement came to nothing.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a measurement gives.
pub type Result<T> = std::result::Result<T, Error>;
