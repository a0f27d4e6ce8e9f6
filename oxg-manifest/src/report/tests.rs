use serde_json::Value;

use super::*;
use crate::testing::assert_is_file;

/// One of each kind of mistake that people make.
const MISTAKES: &str = "{
  \"name\": \"Header Audit\",
  \"version\": \"0.1\",
\t\"entry\": \"./start.sh\", \"entry\": \"漢字\u{202e}\",
  \"capabilities\": {
    \"http\": { \"outbound\": [\"borker\"], \"hosts\": [\"https://shop.test/a/very/long/path/that/goes/on/and/on\", \"shop.test:0\"] },
    \"storage\": { \"workspace\": \"yes\" },
    \"secret\": { \"broker\": true },
  }, // soon more
  \"Sandbox\": {}
}
";

fn report() -> Report {
    let files = vec![
        FileReport::check("plugins/a,b/manifest.json", MISTAKES.as_bytes().to_vec()),
        FileReport::unreadable("none\u{1b}[2J.json", "there is no such file"),
        FileReport::check("ok.json", include_bytes!("../../tests/data/guide.json").to_vec()),
    ];
    Report { files }
}

#[test]
fn mistakes_read_well_in_each_format() {
    let report = report();
    assert_is_file("report/human.txt", &human(&report, &Plain, 80));
    assert_is_file("report/report.json", &json(&report));
    assert_is_file("report/github.txt", &github(&report));
    // The version of the crate is in it.
    let sarif = sarif(&report).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_is_file("report/report.sarif", &sarif);
}

#[test]
fn what_comes_from_outside_cannot_forge_a_line_or_steer_a_terminal() {
    let report = report();
    for text in [human(&report, &Plain, 80), github(&report)] {
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{text}");
    }
    let commands = github(&report);
    assert!(commands.lines().all(|line| line.starts_with("::error file=")), "{commands}");
    assert!(commands.contains("file=plugins/a%2Cb/manifest.json,line=2,col=11"), "{commands}");
}

#[test]
fn a_replacement_of_the_json_report_mends_its_place() {
    let document: Value = serde_json::from_str(&json(&report())).unwrap();
    let notices = document["files"][0]["notices"].as_array().unwrap();
    let notice = notices.iter().find(|notice| notice["code"] == "unknown-field").unwrap();
    let offset = usize::try_from(notice["offset"].as_u64().unwrap()).unwrap();
    let length = usize::try_from(notice["length"].as_u64().unwrap()).unwrap();
    assert_eq!(&MISTAKES[offset..offset + length], "\"secret\"");
    assert_eq!(notice["replacement"], "\"secrets\"");
}

#[test]
fn sarif_names_each_rule_once_and_each_result_refers_to_it() {
    let document: Value = serde_json::from_str(&sarif(&report())).unwrap();
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let region = &result["locations"][0]["physicalLocation"]["region"];
        assert!(region["startLine"].as_u64().unwrap() >= 1);
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(
        run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        "plugins/a%2Cb/manifest.json"
    );
}

#[test]
fn the_summary_counts_what_there_is() {
    let last = |files: Vec<FileReport>| {
        human(&Report { files }, &Plain, 80).lines().last().unwrap().to_owned()
    };
    let good = || FileReport::new("a.json", Vec::new(), Vec::new());
    let warning = Notice::new("x", "X.", Level::Warning, "x");
    let bad = FileReport::check("b.json", b"{}".to_vec());
    assert_eq!(last(vec![good()]), "a.json: valid");
    assert_eq!(
        last(vec![FileReport::new("a.json", Vec::new(), vec![warning])]),
        "a.json: valid (1 warning)"
    );
    assert_eq!(last(vec![bad.clone()]), "b.json: invalid (4 errors)");
    assert_eq!(last(vec![FileReport::unreadable("c", "no")]), "c: not read (1 unreadable file)");
    assert_eq!(last(vec![good(), bad]), "2 manifests: 1 valid, 1 not valid (4 errors)");
}
