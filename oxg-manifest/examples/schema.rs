//! Prints the JSON Schema of the manifest, or writes both drafts beside this crate's `Cargo.toml`.

use std::path::Path;
use std::process::ExitCode;

use oxg_manifest::SchemaDraft;

fn main() -> ExitCode {
    if !std::env::args().any(|argument| argument == "--write") {
        print!("{}", SchemaDraft::Draft07.generate());
        return ExitCode::SUCCESS;
    }
    for draft in SchemaDraft::ALL {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(draft.file_name());
        if let Err(error) = std::fs::write(&path, draft.generate()) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
        println!("{}", path.display());
    }
    ExitCode::SUCCESS
}
