//! Source hosting, builds, package registries, monitoring.

use super::format::{TokenRule, letters_and_digits, rule, run, text};
use crate::bytes::{
    ALNUM, BASE64, ByteSet, DIGIT, HEX, HEX_LOWER, LOWER_DIGIT, UPPER_DIGIT, URL64, URL64_DOT, WORD,
};

static CRYPT: ByteSet = ByteSet::new("0-9A-Za-z./");
static SECRET_KEY: ByteSet = ByteSet::new("0-9A-Z-");

static PRINTABLE: ByteSet = ByteSet::new("0-9A-Za-z!@#$%^&*_=+-");

#[rustfmt::skip]
pub(super) static RULES: &[TokenRule] = &[
    rule("age-secret-key", &["AGE-SECRET-KEY-1"], &[run(&UPPER_DIGIT, 58, 58)])
        .examples(&["AG`E-SECRET-KEY-1NO5KHF59GUWGZZF1BXNTQ186KYO3I8CWU7J29UK32QOIV3P6MRTJJPUK7Q"], &["AGE-SECRET-KEY-1short"]),
    rule("artifactory-reference-token", &["cmVmd"], &[run(&ALNUM, 59, 59)])
        .examples(&["cm`VmdXPSL2oRlPhDBuqOSg5ApYzTTOkq2BEDbN2AHRQ73l5PuXay1F6gcqInkk7Q"], &["cmVmdshort"]),
    rule("artifactory-token", &["AKCp"], &[run(&ALNUM, 69, 73)])
        .examples(&["AK`Cppu9mq9Ugk9QgmyjjYtUtBrmgO6grn4yDcaz2YBSoGOsDbjqMVzaVp62BSKLVPA2oQUk7Q"], &["AKCpshort"]),
    rule("atlassian-token", &["ATATT3", "ATCTT3"], &[run(&BASE64, 100, 300)])
        .examples(&["AT`ATT3zSm6A8cVR06AxYpThGJWZhbj11THnCMZCY7Bvqiy8CsT07Lq8TDIWG2x9aJTFMP9_2kUtMXhkPrSbbAjLGmsDx5StAZvlMz-Bk4opH1Dr8-h97s_F-vauP7-L7V21jxUdcfQm9_seB1qRmUR8AK3R2GgLLT-ZQISA-pQyOMk7Q=E28267A1"], &["ATATT3"]),
    rule("bitbucket-app-password", &["ATBB"], &[run(&ALNUM, 32, 32)])
        .examples(&["AT`BBzUJ4zIKdztgacm06EMXQdYG6INyNjk7Q"], &["ATBBshort"]),
    rule("buildkite-token", &["bkua_", "bkct_", "bkpt_"], &[run(&ALNUM, 40, 40)])
        .examples(&["bk`ua_SM4RfncQODOWlgQl3cAXg67Pax30iYtJTq3tlk7Q"], &["bkua_short"]),
    rule("circleci-token", &["CCIPAT_", "CCIPRJ_"], &[run(&WORD, 40, 80)])
        .examples(&["CC`IPAT_bBKPL76dFKHc0hXZAKS6zCeaRyML8Q_jEXAJgk7Q"], &["CCIPAT_short"]),
    rule("clojars-token", &["CLOJARS_"], &[run(&LOWER_DIGIT, 60, 60)])
        .examples(&["CL`OJARS_nja1aahfnhi4brp2ldxjfs953qdcadafyttk5dux24kjhxk04y2rvsrdvk7q"], &["CLOJARS_short"]),
    rule("crates-io-token", &["cio"], &[run(&ALNUM, 32, 32)])
        .examples(&["ci`oLB4pyyRyMX5oZCsSauqrBkL60W4Yck7Q"], &["cio", "ciothebestlibrary"])
        .checked(letters_and_digits),
    rule("docker-token", &["dckr_pat_", "dckr_oat_"], &[run(&URL64, 27, 40)])
        .examples(&["dc`kr_pat_sJ-Sk_WzDNhY7AGbX6lTiDYHk7Q"], &["dckr_pat_short"]),
    rule("github-fine-grained-token", &["github_pat_"], &[run(&WORD, 82, 255)])
        .examples(&["gi`thub_pat_mnmflZSsxKKwzXH2jpc7Fx3gxODYfjuMbwrHMbgcn33KFLKnq7XrBg8CXL0M9iq1cvmlyfbdcJx3TDFk7Q"], &["github_pat_short"]),
    rule("github-token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], &[run(&ALNUM, 36, 255)])
        .examples(&["gh`p_5e3MOz7hT9fquKoPf96QGzlC2kx9pUolck7Q"], &["ghp_short", "the ghp_ prefix"]),
    rule("gitlab-token", &["glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glsoat-", "glimt-", "glagent-", "glcbt-", "glffct-", "GR1348941"], &[run(&URL64_DOT, 20, 300)])
        .examples(&["gl`pat-ThdgH9hmsOazM4n8Pk7Q"], &["glpat-your-token", "glrt-0"]),
    rule("grafana-cloud-token", &["glc_eyJ"], &[run(&BASE64, 32, 400)])
        .examples(&["gl`c_eyJhxEykCpZj6R5aDT6mZck71oe7N3x4ViXC9g77y1bOeCvu0oEhOxjvoVdlTCJ4jC3jrAApjbrK1svZk7Q"], &["glc_eyJ"]),
    rule("grafana-key", &["eyJrIjoi"], &[run(&BASE64, 30, 400)])
        .examples(&["ey`JrIjoiguD5EhjGdO5YQ7nJE1shqWmxBqp7pgysA5kd1UsjObCZGvGiCaY18HslxBc6AnrKli1lHk7Q"], &["eyJrIjoi"]),
    rule("grafana-token", &["glsa_"], &[run(&ALNUM, 32, 32), text("_"), run(&HEX, 8, 8)])
        .examples(&["gl`sa_lmMf1f4MUFWrlniNQTOZmLtmaeSUHk7Q_1Aba94F2"], &["glsa_x"]),
    rule("infracost-key", &["ico-"], &[run(&ALNUM, 32, 32)])
        .examples(&["ic`o-aA6WEi3QrplK1xckSxKM2awH7C9Hek7Q"], &["ico-short"]),
    rule("linear-key", &["lin_api_", "lin_oauth_"], &[run(&ALNUM, 32, 64)])
        .examples(&["li`n_api_p0136uXT3yKW5ds3g9UFCGbHZIibpk7Q"], &["lin_api_short"]),
    rule("new-relic-key", &["NRAK-", "NRAA-", "NRII-", "NRIQ-", "NRJS-", "NRRA-", "NRBR-", "NRAL-"], &[run(&URL64, 19, 64)])
        .examples(&["NR`AK-LKGTQ9BBGMQB37P2GWGLCRH3K7Q"], &["NRAK-ABC"])
        .checked(letters_and_digits),
    rule("new-relic-licence-key", &["NRAL"], &[])
        .examples(&["333c4774ec50cd14f2`ac7adac1a4b7d0b4f2NRAL"], &["NRAL", "xNRAL"])
        .after(&LOWER_DIGIT, 36, 36),
    rule("npm-token", &["npm_"], &[run(&ALNUM, 36, 36)])
        .examples(&["np`m_uBmGQboiAzX7DOcZ44cc3PNr6RNrOIZ7ck7Q"], &["npm_config_registry", "npm_lifecycle_event"]),
    rule("onepassword-secret-key", &["A3-"], &[run(&UPPER_DIGIT, 6, 6), text("-"), run(&SECRET_KEY, 26, 32)])
        .examples(&["A3`-QK7WYB-798JRY-LJVD4-23DC2-86TVM-H43EB"], &["A3-ABC", "A3-ABCDEF-x"]),
    rule("onepassword-token", &["ops_eyJ"], &[run(&BASE64, 200, 2000)])
        .examples(&["op`s_eyJpb3EfKoNSvphIk7s4pqL0KJFlK6CXzU6M98NdFQCyXYbTuEPP_IKBLhcuiS4hX4TnCt1RTrzJm8Iq0na0p-Yt1JoW56KTLTYXPa-W4MxMs3WDlQPFPA2bdgG-MN33X7TfS5biDm0VZty1_Z4RlvUOUjNwoLR1uLAy0xhnTf0baNaMYmbdzw-Isz0psundmjv_73hbPsETJveImiSy5XcgCYf4gEFCfuwOa6M1G-iFXC0NZ_cFlwvTWxk7Q"], &["ops_eyJ"]),
    rule("password-hash-bcrypt", &["$2a$", "$2b$", "$2y$"], &[run(&DIGIT, 2, 2), text("$"), run(&CRYPT, 53, 53)])
        .examples(&["$2`b$12$qIbWkOrpTbndzCm5Ms3GPgmpUd9iMdfeZ04KvUiamrIP4aOu7bk7Q"], &["$2b$", "$2a$word"]),
    rule("password-hash-crypt", &["$1$", "$5$", "$6$", "$5$rounds=5000$", "$6$rounds=5000$", "$6$rounds=656000$"], &[run(&CRYPT, 1, 16), text("$"), run(&CRYPT, 22, 86)])
        .examples(&["$6`$3VbPFk7Q$Zvld3AYcfONvXFMzq8D3ab7uKPudANTU1vkfbjnjHX1fw0xBwIRL3JjQMKvoVNq0TEWcXPtPXJTDJrxHH8rk7Q"], &["$1", "$1$2", "echo $1$2"]),
    rule("postman-key", &["PMAK-"], &[run(&HEX, 24, 24), text("-"), run(&HEX, 34, 34)])
        .examples(&["PM`AK-b3acac23db7c6e9b7d1804f2-42684ee75bb6cc69f67e48eb7c643284f2"], &["PMAK-x"]),
    rule("prefect-key", &["pnu_", "pnb_"], &[run(&ALNUM, 36, 36)])
        .examples(&["pn`u_tayTfSlX2oumQ5geJ6xZGWtmeTtfosi0Tk7Q"], &["pnu_short"]),
    rule("pypi-token", &["pypi-AgEIcHlwaS5vcmc", "pypi-AgENdGVzdC5weXBpLm9yZw"], &[run(&URL64, 50, 1000)])
        .examples(&["py`pi-AgEIcHlwaS5vcmcZ7qJwdUS0d7FZTmxLoICfZfu3zMtWfNwD-G3SaoKfgFoeOASl1YCJlS24k7Q"], &["pypi-AgEI"]),
    rule("readme-key", &["rdme_"], &[run(&LOWER_DIGIT, 70, 70)])
        .examples(&["rd`me_n16i5mc9ql8kp8qpdkww0fmtii54ppa62iwtijpvh91kj3znhsax5ncdrtmht2hku23k7q"], &["rdme_short"]),
    rule("rubygems-key", &["rubygems_"], &[run(&HEX_LOWER, 48, 48)])
        .examples(&["ru`bygems_210ef2a83fdf6a0b29872400c49b5539ac5ba7b4b87114f2"], &["rubygems_version"]),
    rule("sentry-org-token", &["sntrys_eyJ"], &[run(&BASE64, 60, 500)])
        .examples(&["sn`trys_eyJ8nFBFUktMLOfjSokiCOzfc2CEmnUxac1N21YGBjseQdGTA4veCaQ90l5UkysaCZKRwKmEfIuHDBI6O3jz9MNfZZk7Q"], &["sntrys_eyJ"]),
    rule("sentry-token", &["sntryu_"], &[run(&HEX_LOWER, 64, 64)])
        .examples(&["sn`tryu_a9dbf49a067e24bdb7ec83756378368f7e732d2e433ec56f24b1c71b106e94f2"], &["sntryu_short"]),
    rule("snyk-token", &["snyk_uat.", "snyk_sat."], &[run(&HEX_LOWER, 8, 8), text("."), run(&URL64_DOT, 40, 200)])
        .examples(&["sn`yk_uat.263b54f2.GpEVT_fTmTPoeFGTy5c4oc_ojHxtLWsGI4bdRt_9eejxY8u5YDjUQBNqfBvU7Q7XTOaQ9QDcF6fssk7Q"], &["snyk_uat.x"]),
    rule("sonar-token", &["sqp_", "squ_", "sqa_"], &[run(&HEX_LOWER, 40, 40)])
        .examples(&["sq`p_28b4136d3b97429ab7bca1aafb77b4460ecec4f2"], &["sqp_short"]),
    rule("sourcegraph-token", &["sgp_", "sgd_"], &[run(&WORD, 40, 64)])
        .examples(&["sg`p_jtUtqUKJQ79ve6mL7fLltLwDw_XSBU37e1Fu5k7Q"], &["sgp_short"])
        .checked(letters_and_digits),
    rule("django-insecure-key", &["django-insecure-"], &[run(&PRINTABLE, 40, 64)])
        .examples(&["dj`ango-insecure-w_x519y9^qu-whr7pecoru$grt$$pn2&27b#=qe_yh=bs5k7q"], &["django-insecure-key"]),
    rule("nuget-key", &["oy2"], &[run(&LOWER_DIGIT, 43, 43)])
        .examples(&["oy`221u6p8gszner35vfbdfi0m1bbhunnga1slisl0gtk7q"], &["oy2short"])
        .checked(letters_and_digits),
    rule("private-key-in-base64", &["LS0tLS1CRUdJTiBSU0EgUFJJVkFUR", "LS0tLS1CRUdJTiBQUklWQVRF", "LS0tLS1CRUdJTiBFQyBQUklWQVRF", "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVE", "LS0tLS1CRUdJTiBFTkNSWVBURUQgUFJJVkFUR"], &[run(&BASE64, 40, 16384)])
        .examples(&["LS`0tLS1CRUdJTiBQUklWQVRFX1xMJimgUjPEIg8yQl9bn5ggX6kTYqQdtJd3SArzKB2L26NKAYLemYOShk7Q"], &["LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"]),
];
