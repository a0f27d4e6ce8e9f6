//! `oxg manifest sign`

use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

use oxg_manifest::signature::{SigningKey, SigningKeyError, Verifier, VerifyError};
use secrecy::{SecretString, zeroize::Zeroizing};

use super::args::SignArgs;
use super::input::Input;
use super::validate::valid;
use super::{Unreadable, Verdict};
use crate::terminal;

/// The longest passphrase, in bytes.
const MAX_PASSPHRASE: u64 = 1024;

pub(super) fn run(args: &SignArgs) -> Result<Verdict, Unreadable> {
    let input = Input::read_one(&args.file)?;
    let Some(manifest) = valid(&input) else {
        return Ok(Verdict::Bad);
    };
    let verifier = Verifier::new(input.path.as_deref().unwrap_or(Path::new("manifest.json")));
    let key = read_key(args)?;
    let plan = || -> Result<(PathBuf, PathBuf), VerifyError> {
        verifier.check_signing_key(&manifest, &key)?;
        let output = match &args.output {
            Some(output) => output.clone(),
            None => verifier.place_signature(&manifest)?,
        };
        Ok((verifier.find_artifact(&manifest)?, output))
    };
    let (artifact, output) = match plan() {
        Ok(plan) => plan,
        Err(error) if error.is_unreadable() => return Err(Unreadable(error.to_string())),
        Err(error) => {
            terminal::failure(&error);
            return Ok(Verdict::Bad);
        }
    };
    let signature = key.sign_file(&artifact).map_err(|error| Unreadable(error.to_string()))?;
    write(&output, &signature, args.force).map_err(|error| {
        let output = output.display();
        Unreadable(match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{output} is there already; replace it with --force")
            }
            _ => format!("{output}: it cannot be written: {error}"),
        })
    })?;
    terminal::progress("signed", &artifact.display().to_string());
    terminal::progress("wrote", &output.display().to_string());
    Ok(Verdict::Good)
}

fn read_key(args: &SignArgs) -> Result<SigningKey, Unreadable> {
    let unreadable = |error: &dyn std::error::Error| Unreadable(error.to_string());
    let pem = SigningKey::read_pem(&args.key).map_err(|error| unreadable(&error))?;
    let given = passphrase(args)?;
    match SigningKey::from_pem(&pem, given.as_ref()) {
        Err(SigningKeyError::PassphraseMissing) if io::stdin().is_terminal() => {
            let typed =
                rpassword::prompt_password("passphrase of the signing key: ").map_err(|error| {
                    Unreadable(format!("the passphrase cannot be asked for: {error}"))
                })?;
            SigningKey::from_pem(&pem, Some(&SecretString::from(typed)))
        }
        Err(SigningKeyError::PassphraseMissing) => {
            return Err(Unreadable(
                "the signing key is encrypted; give its passphrase with --passphrase-file or \
                 --passphrase-env"
                    .to_owned(),
            ));
        }
        result => result,
    }
    .map_err(|error| unreadable(&error))
}

fn passphrase(args: &SignArgs) -> Result<Option<SecretString>, Unreadable> {
    if let Some(path) = &args.passphrase_file {
        return read_passphrase(path)
            .map(Some)
            .map_err(|error| Unreadable(format!("--passphrase-file {}: {error}", path.display())));
    }
    let Some(name) = &args.passphrase_env else {
        return Ok(None);
    };
    let value = std::env::var(name).map_err(|_| {
        Unreadable(format!("--passphrase-env: the variable {name} is not set, or not UTF-8"))
    })?;
    Ok(Some(SecretString::from(value)))
}

/// The first line of a file.
fn read_passphrase(path: &Path) -> io::Result<SecretString> {
    // Never grows, so that no copy stays behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PASSPHRASE as usize + 1));
    File::open(path)?.take(MAX_PASSPHRASE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_PASSPHRASE {
        return Err(io::Error::other(format!("it is longer than {MAX_PASSPHRASE} bytes")));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| io::Error::other("it is not UTF-8"))?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default()))
}

/// Writes a whole file or nothing; a reader never sees a part.
fn write(path: &Path, text: &str, replace: bool) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = tempfile::Builder::new();
    #[cfg(unix)]
    file.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = file.tempfile_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    if replace {
        file.persist(path)?;
    } else {
        file.persist_noclobber(path)?;
    }
    Ok(())
}
