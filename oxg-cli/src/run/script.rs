//! Plugins that are scripts: they need programs, and the broker as one of them.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use oxg_broker::launch::Launch;

use crate::broker::CTL;
use crate::error::CliError;

/// Where the system keeps its programs; the person's own places are no plugin's business.
const SYSTEM: &str = "/usr/local/bin:/usr/bin:/bin";

/// Whether another program must read this one.
pub(crate) fn is_script(program: &Path) -> bool {
    let mut start = [0; 2];
    File::open(program).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == b"#!"
}

/// Starts the script in the plugin's folder, with a `PATH` for scripts.
pub(super) fn prepare(
    launch: Launch,
    directory: &Path,
    private: &Path,
) -> Result<Launch, CliError> {
    Ok(launch.directory(directory).path(path(private)?))
}

/// A `PATH` that holds this program as `0xgenctl`, in a new folder of `private`, and the system's
/// programs.
pub(crate) fn path(private: &Path) -> Result<OsString, CliError> {
    let programs = private.join("bin");
    let link = || -> io::Result<()> {
        std::fs::create_dir(&programs)?;
        std::os::unix::fs::symlink(std::env::current_exe()?, programs.join(CTL))
    };
    link().map_err(|source| CliError::Machine { what: format!("link {CTL}"), source })?;
    let mut path: OsString = programs.into();
    path.push(":");
    path.push(SYSTEM);
    Ok(path)
}
