//! `oxg manifest explain`

use oxg_manifest::as_host::as_host;
use oxg_manifest::explain::{explain, explain_as_host};

use super::args::ExplainArgs;
use super::input::Input;
use super::style::{Colours, WIDTH, print};
use super::validate::valid;
use super::{Unreadable, Verdict};

pub(super) fn run(args: &ExplainArgs) -> Result<Verdict, Unreadable> {
    let input = Input::read_one(&args.file)?;
    if args.as_host {
        print(&explain_as_host(&input.name, &input.text, &Colours, WIDTH));
        let accepted = as_host(&input.text).refusal.is_none();
        return Ok(if accepted { Verdict::Good } else { Verdict::Bad });
    }
    let Some(manifest) = valid(&input) else {
        return Ok(Verdict::Bad);
    };
    print(&explain(&manifest, &input.text, &Colours));
    Ok(Verdict::Good)
}
