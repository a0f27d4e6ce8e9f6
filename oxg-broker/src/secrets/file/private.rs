//! Files that nobody but this user can read.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use secrecy::zeroize::Zeroizing;

use crate::secrets::SourceError;

/// The largest such file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The content of a file that belongs to this user or root, that others cannot read, and that is no
/// link.
pub(in crate::secrets) fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, SourceError> {
    let failed = |source| SourceError::Read { path: path.to_owned(), source };
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let mut options = OpenOptions::new();
    let file = options.read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(failed)?;
    // Of the open file, so that nothing can be swapped in between.
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    if found.mode() & 0o077 != 0 {
        return Err(SourceError::Readable { path: path.to_owned(), mode: found.mode() & 0o777 });
    }
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user && found.uid() != 0 {
        return Err(SourceError::Owner(path.to_owned()));
    }
    if found.len() > MAX_BYTES {
        let message = format!("it is larger than {MAX_BYTES} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
    }
    // Room for all of it at once: a vector that grows would leave copies behind.
    let room = usize::try_from(found.len()).unwrap_or_default() + 1;
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(found.len()).read_to_end(&mut text).map_err(failed)?;
    Ok(text)
}
