//! A broker of ours with limits that let 10 GiB through; its files are in a folder, as a host's are.

use std::path::Path;

use oxg_broker::{Broker, Session};
use oxg_manifest::Manifest;
use oxg_protocol::Limits;

use crate::Result;

const MANIFEST: &[u8] = br#"{
    "name": "bench", "version": "0.1.0", "entry": "./bench",
    "capabilities": { "http": { "outbound": ["broker"], "methods": ["GET", "POST"] } }
}"#;

/// More than any body here.
const BODY: u64 = 16 << 30;

/// A broker that lets its one session reach `port` of this machine.
pub fn open(directory: &Path, port: u16) -> Result<(Broker, Session)> {
    let mut limits = Limits::default();
    limits.egress_request_bytes = BODY;
    limits.egress_response_bytes = BODY;
    let broker = Broker::builder().directory(directory).limits(limits).build()?;
    let session = broker.session(Manifest::from_slice(MANIFEST)?).allow_loopback(port).open()?;
    Ok((broker, session))
}
