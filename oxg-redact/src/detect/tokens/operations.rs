//! Observation, feature flags, data stores, automation.

use super::format::{TokenRule, letters_and_digits, rule, run, take, text, upper_lower_digit};
use crate::bytes::{
    ALNUM, BASE64, ByteSet, DIGIT, HEX_LOWER, LOWER_DIGIT, UPPER_DIGIT, URL64, WORD,
};

static UUID: ByteSet = ByteSet::new("0-9a-fA-F-");

#[rustfmt::skip]
pub(super) static RULES: &[TokenRule] = &[
    rule("censys-token", &["censys_"], &[run(&ALNUM, 8, 8), text("_"), run(&ALNUM, 24, 40)])
        .examples(&["ce`nsys_OQftEk7Q_0DgFb4lxWNRbJEl6NZcZmk7Q"], &["censys_search"]),
    rule("cockroach-key", &["CCDB1_"], &[run(&ALNUM, 22, 22), text("_"), run(&ALNUM, 40, 40)])
        .examples(&["CC`DB1_hk3vGXr09R3T0CnC6BTk7Q_pUUIX41noinddTrddcjwssdD1fuSWCz4iLC6Yk7Q"], &["CCDB1_short"]),
    rule("dependency-track-key", &["odt_"], &[run(&ALNUM, 32, 40)])
        .examples(&["od`t_BEP02R3JCktOPAnz7vOiCD8PvS9Qzk7Q"], &["odt_short"]),
    rule("elastic-key", &["essu_"], &[run(&BASE64, 40, 120)])
        .examples(&["es`su_qb820GZThw6uhYC0RnpRcaijzefUswrOUPhskCvITrm4Jr0inRbIfnUk7Q=="], &["essu_short"]),
    rule("flagsmith-key", &["ser."], &[run(&ALNUM, 20, 24)])
        .examples(&["se`r.XnCiitrhHm5tEwRoqk7Q"], &["ser.next", "ser.deserializeFromStream"])
        .checked(upper_lower_digit),
    rule("harness-token", &["pat.", "sat."], &[run(&URL64, 22, 22), text("."), run(&HEX_LOWER, 24, 24), text("."), run(&ALNUM, 20, 20)])
        .examples(&["pa`t.uOPfW5OKkCtkIaN0JsDk7Q.2f4b01bf8ead5cde07f934f2.5gfcK65kKQBKMsnn2k7Q"], &["pat.name", "sat.0123"]),
    rule("honeycomb-key", &["hcaik_", "hcamk_", "hcxik_", "hcalk_"], &[run(&LOWER_DIGIT, 26, 64)])
        .examples(&["hc`aik_7x552vwudsj9rhs4xfi5j4ok7q"], &["hcaik_short"]),
    rule("launchdarkly-key", &["sdk-", "api-", "mob-"], &[run(&UUID, 36, 36)])
        .examples(&["sd`k-1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["sdk-short", "api-gateway"]),
    rule("mongodb-atlas-key", &["mdb_sa_sk_"], &[run(&URL64, 40, 48)])
        .examples(&["md`b_sa_sk_KisBhQjDxfC-f4v7TadXwiBvqPpsFG8uf4dkrk7Q"], &["mdb_sa_sk_short"]),
    rule("neon-key", &["napi_"], &[run(&LOWER_DIGIT, 64, 64)])
        .examples(&["na`pi_s9j26345iiire2rtialxwptt2bnuk57shnl7opsg89ytmhbbq0pkgc9rxt7iok7q"], &["napi_schedule"]),
    rule("octopus-key", &["API-"], &[run(&UPPER_DIGIT, 26, 32)])
        .examples(&["AP`I-PFVW17ZJ6LLMA02CV2HUXD2K7Q"], &["API-KEY", "API-GATEWAYS"])
        .checked(letters_and_digits),
    rule("posthog-key", &["phx_"], &[run(&ALNUM, 43, 52)])
        .examples(&["ph`x_ENT12i7mC6iJ7Fv4e7nvlbwwrMoLGQAnHJ4PBFkzk7Q"], &["phx_short"]),
    rule("render-key", &["rnd_"], &[run(&ALNUM, 28, 36)])
        .examples(&["rn`d_nJUsEs3klkmwyZDOga6IV2iG0k7Q"], &["rnd_seed"])
        .checked(letters_and_digits),
    rule("stackhawk-key", &["hawk."], &[run(&URL64, 20, 20), text("."), run(&URL64, 20, 20)])
        .examples(&["ha`wk.AVelU_00fojeYRbvJk7Q.0cBTUQnRaHQLF_Sudk7Q"], &["hawk.yml", "hawk.x.y"]),
    rule("statsig-key", &["secret-"], &[run(&ALNUM, 43, 52)])
        .examples(&["se`cret-bTpYf6hleMaUyXr0J0ZAcAfoJOHrUsccfL8CSZZek7Q"], &["secret-santa", "secret-manager"])
        .checked(upper_lower_digit),
    rule("teamcity-token", &["eyJ0eXAiOiAiVENWMiJ9."], &[run(&URL64, 36, 36), text("."), run(&URL64, 48, 56)])
        .examples(&["ey`J0eXAiOiAiVENWMiJ9.2-Nb3PYKZpYAjdEV2TZmuW8zo_Jpz7o5Pk7Q.ltKnT7aTr_zMxz_uUUfSIAFvx1I1_HE58suNF2gthSK--k7Q"], &["eyJ0eXAiOiAiVENWMiJ9"]),
    rule("twitch-stream-key", &["live_"], &[run(&DIGIT, 6, 12), text("_"), run(&ALNUM, 28, 32)])
        .examples(&["li`ve_070338_xGHJEpgFSg4aVvwUELQGDNR0Kk7Q"], &["live_123", "live_stream_1"]),
    rule("xata-key", &["xau_"], &[run(&ALNUM, 32, 40)])
        .examples(&["xa`u_FKInFywMmFI6eZUG7YXeH29got66Sk7Q"], &["xau_short"]),
    rule("inngest-signing-key", &["signkey-prod-", "signkey-test-", "signkey-branch-"], &[run(&HEX_LOWER, 32, 64)])
        .examples(&["si`gnkey-prod-5900b44d12a9b5a391ad65152fcdcbc836b42830bca7398d44490847d489d4f2"], &["signkey-prod-x"]),
    rule("rootly-key", &["rootly_"], &[run(&HEX_LOWER, 64, 64)])
        .examples(&["ro`otly_c2b0f7f2f9714e2b4b12060e6ef06174d54e9019117cbf49b41ab6d858f2c4f2"], &["rootly_x"]),
    rule("thingsboard-token", &["/api/v1/"], &[take(&ALNUM, 20), text("/"), run(&WORD, 3, 12)])
        .examples(&["/api/v1/`0qt4a9lbqolbk7otk7q9/telemetry"], &["/api/v1/users", "/api/v1/internationalisation/items"])
        .checked(three_digits)
        .keeping_anchor(),
];

/// Among the characters of a token in a path, which words have not.
fn three_digits(path: &[u8]) -> bool {
    letters_and_digits(path) && path.iter().filter(|b| b.is_ascii_digit()).count() > 3
}
