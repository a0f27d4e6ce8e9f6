//! `oxg manifest convert`

use oxg_manifest::convert::{Conversion, HostFiles, to_guide, to_host};
use oxg_manifest::format::format;
use oxg_manifest::{Manifest, SignatureFiles};

use super::args::{ConvertArgs, TargetForm};
use super::input::Input;
use super::style::print_document;
use super::validate::valid;
use super::{Unreadable, Verdict};
use crate::terminal::{self, BAD};

pub(super) fn run(args: ConvertArgs) -> Result<Verdict, Unreadable> {
    let input = Input::read_one(&args.file)?;
    let Some(manifest) = valid(&input) else {
        return Ok(Verdict::Bad);
    };
    let lossy = args.lossy;
    let Some(Conversion { manifest, losses, .. }) = convert(&manifest, args)? else {
        return Ok(Verdict::Bad);
    };
    for loss in &losses {
        let message = terminal::printable(&loss.message);
        let path = terminal::printable(&loss.path);
        anstream::eprintln!("{BAD}lost:{BAD:#} {path}: {message}");
    }
    if !losses.is_empty() && !lossy {
        terminal::failure(
            &"nothing is converted, since the other form cannot say this; --lossy leaves it out",
        );
        return Ok(Verdict::Bad);
    }
    let unwritable = |why: String| Unreadable(format!("the result cannot be written: {why}"));
    let text = serde_json::to_vec(&manifest).map_err(|error| unwritable(error.to_string()))?;
    print_document(&format(&text).map_err(|error| unwritable(error.to_string()))?);
    Ok(Verdict::Good)
}

/// The conversion; nothing, and the reason on standard error, when there is none.
fn convert(manifest: &Manifest, args: ConvertArgs) -> Result<Option<Conversion>, Unreadable> {
    let mut files = HostFiles::default();
    files.artifact = args.artifact;
    files.signature = match (args.signature, args.public_key, args.certificate) {
        (None, _, _) => None,
        (Some(file), Some(key), _) => Some(SignatureFiles::with_public_key(file, key)),
        (Some(file), None, Some(certificate)) => {
            Some(SignatureFiles::with_certificate(file, certificate))
        }
        (Some(_), None, None) => {
            let problem = "--signature needs --public-key or --certificate beside it";
            return Err(Unreadable(problem.to_owned()));
        }
    };
    match args.to {
        TargetForm::Guide => Ok(Some(to_guide(manifest))),
        TargetForm::Host => match to_host(manifest, files) {
            Ok(conversion) => Ok(Some(conversion)),
            Err(error) => {
                terminal::failure(&format!("{error} (--artifact, --signature, --public-key)"));
                Ok(None)
            }
        },
    }
}
