use std::ffi::OsStr;
use std::io::Write as _;
use std::process::ExitCode;

use oxg_protocol::env;

use crate::Declared;
use crate::exit::Exit;

/// Says what the variable asks for in place of running.
pub(super) fn describe<P: Declared>(what: &OsStr) -> ExitCode {
    if what != env::CONFIG_SCHEMA {
        let _ = writeln!(
            std::io::stderr(),
            "error: {} asks for what this plugin does not know; it knows {:?}",
            env::DESCRIBE.name,
            env::CONFIG_SCHEMA
        );
        return Exit::Usage.into();
    }
    let schema = P::config_schema().unwrap_or_default();
    match writeln!(std::io::stdout(), "{schema}") {
        Ok(()) => Exit::Ok.into(),
        Err(_) => Exit::Io.into(),
    }
}
