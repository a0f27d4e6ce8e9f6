//! Cloud and hosting providers.

use super::format::{TokenRule, letters_and_digits, rule, run, take, text, upper_lower_digit};
use crate::bytes::{ALNUM, BASE64, ByteSet, HEX_LOWER, UPPER_DIGIT, URL64, URL64_DOT};

static AZURE: ByteSet = ByteSet::new("0-9A-Za-z._~-");
static DATABRICKS: ByteSet = ByteSet::new("0-9-");
static PADDING: ByteSet = ByteSet::new("=");
static PLANETSCALE: ByteSet = ByteSet::new("0-9A-Za-z._=-");
static BASE64_BODY: ByteSet = ByteSet::new("0-9A-Za-z+/");
static CLIENT_ID: ByteSet = ByteSet::new("0-9a-z_-");
static SEPARATOR: ByteSet = ByteSet::new(",:; \t|/");
static YANDEX: ByteSet = ByteSet::new("0-9A-Za-z=_-");

#[rustfmt::skip]
pub(super) static RULES: &[TokenRule] = &[
    rule("alibaba-access-key-id", &["LTAI"], &[run(&ALNUM, 20, 20)])
        .examples(&["LT`AIu8jzPde0IgxLd6Gnck7Q"], &["LTAI", "LTAIabc"]),
    rule("aws-access-key-id", &["AKIA", "ASIA", "ABIA", "ACCA"], &[run(&UPPER_DIGIT, 16, 16)])
        .examples(&["AK`IAEPF3DHODZDOCIK7Q", "AS`IAHTLGMXGEDN73UK7Q"], &["AKIA", "ASIAPACIFIC", "AKIAabcdefghijklmnop"]),
    rule("aws-bedrock-key", &["ABSKQmVkcm9ja0FQSUtleS"], &[run(&BASE64, 100, 140)])
        .examples(&["ABS`KQmVkcm9ja0FQSUtleStpYlSXpfKtHF4vUCsMehGAkWvj7FAc9QeWJKY40uvSwMFLZDe1f8rESQedUStPKR0CsTy4Qwb8DwkNhFdnXsiVpzz63FfkCzJr4i0B3JrTAk7Q"], &["ABSKQmVkcm9ja0FQSUtleS"]),
    rule("azure-ad-secret", &["0Q~", "1Q~", "2Q~", "3Q~", "4Q~", "5Q~", "6Q~", "7Q~", "8Q~", "9Q~"], &[run(&AZURE, 31, 34)])
        .examples(&["abc8`Q~WDtkwtDDb_xHKas1VOqg6YYZYn9Zhyik7Q"], &["abc8Q~x"])
        .after(&AZURE, 3, 3),
    rule("azure-devops-token", &["AZDO"], &[run(&ALNUM, 4, 4)])
        .examples(&["hvMdgaKjIg8xNbe3nNyjOq9wMxEhh2FDEEtfjk7QJQQJ99VqE1SkHbn88HxjSI6bWHtP3fS2qk7Q`AZDOkk7Q"], &["AZDO1234"])
        .after(&ALNUM, 70, 80),
    rule("cloudflare-origin-ca-key", &["v1.0-"], &[run(&HEX_LOWER, 24, 24), text("-"), run(&HEX_LOWER, 146, 146)])
        .examples(&["v1`.0-a767c76fb008f86bebb274f2-6a6f0fb23c6f5da2cec255404e4fb440034d6608697a8d41bed440e50454f31af3176813e02ea68ef786e4d3cea27d26934b484e73cf575dcad6ba2b0aee0ca923732881584d8c44f2"], &["v1.0-rc1"]),
    rule("databricks-token", &["dapi"], &[take(&HEX_LOWER, 32), run(&DATABRICKS, 0, 2)])
        .examples(&["da`pi815d2802827283e0ad841735815694f2", "da`pie58b081006f7e3dfc967a64cb14024f2-2"], &["dapi", "dapify"]),
    rule("digitalocean-token", &["dop_v1_", "doo_v1_", "dor_v1_"], &[run(&HEX_LOWER, 64, 64)])
        .examples(&["do`p_v1_12c9791e558e08baa7196b50ac2f86702824c1c099724caf4941d4072014b4f2"], &["dop_v1_short"]),
    rule("doppler-token", &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."], &[run(&URL64_DOT, 40, 80)])
        .examples(&["dp`.pt.JdObOIRpFqaDZeV7G5IfQHeVVEqZe2qpUWnoVPDFk7Q", "dp`.st.dev.E6RsXcNOPmeMjvqPVStNKiaEdFrRgSnRFsTHsDk7Q"], &["dp.pt.x"]),
    rule("dynatrace-token", &["dt0c01.", "dt0s01.", "dt0s02.", "dt0s16."], &[run(&UPPER_DIGIT, 8, 24), text("."), run(&UPPER_DIGIT, 64, 64)])
        .examples(&["dt`0c01.H9MTF4BS3E62RYNNEFJ7QK7Q.RHXO55ZBKA52ZTJ0WYUHVAUVZHMASQXEZYEX1RDRGDSJPR16UMX1BZ99NFD02K7Q"], &["dt0c01.x"]),
    rule("fly-token", &["fo1_", "fm1a_", "fm1r_", "fm2_"], &[run(&BASE64, 40, 1500)])
        .examples(&["fo`1_gqv81RKMGHZEM9YpvujA-C5Q52ryFlwRlOEVHzc0k7Q"], &["fo1_x"]),
    rule("google-access-token", &["ya29."], &[run(&URL64_DOT, 20, 2048)])
        .examples(&["ya`29.WIRh-JUqBlIFXZ53Ncqe28_ajY75FnCttn6kfaqDeMqG3omjMyXHCabM6k7Q"], &["ya29.short"]),
    rule("google-api-key", &["AIza"], &[run(&URL64, 35, 35)])
        .examples(&["AI`za8EFd0Nhcy-1kGD2VD-eR1UYzaLiA-zNyk7Q"], &["AIzaShort", "xAIza"]),
    rule("google-oauth-secret", &["GOCSPX-"], &[run(&URL64, 28, 28)])
        .examples(&["GO`CSPX-HLn-xC_1hsYgBds1ghxY5Ookvk7Q"], &["GOCSPX-short"]),
    rule("heroku-key", &["HRKU-"], &[run(&URL64, 36, 72)])
        .examples(&["HR`KU-7eNWVQ4vnakJkS1pAWTN3lg8zV5yPU8d0k7Q"], &["HRKU-short"]),
    rule("netlify-token", &["nfp_", "nfc_", "nfo_", "nfb_", "nfu_"], &[run(&ALNUM, 36, 40)])
        .examples(&["nf`p_ycDeZ6dqmVe5Mvxrv99NcqVTSu7rtaUWMk7Q"], &["nfp_short"]),
    rule("planetscale-token", &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"], &[run(&PLANETSCALE, 32, 64)])
        .examples(&["ps`cale_tkn_idDn87XG3-q-xbMtEPO6UkzYuF0ie9Pu2njHkAm1k7Q"], &["pscale_tkn_x"]),
    rule("pulumi-token", &["pul-"], &[run(&HEX_LOWER, 40, 40)])
        .examples(&["pu`l-74de739988b886e7577496a2c8773e130f7eb4f2"], &["pul-short"]),
    rule("scalingo-token", &["tk-us-", "tk-eu-"], &[run(&URL64, 48, 48)])
        .examples(&["tk`-us-pgyyjVw5HanSBeVRsfAGeAbP0VxNjAe-9i0mYtluYI0KNk7Q"], &["tk-us-short"]),
    rule("supabase-key", &["sbp_", "sb_secret_"], &[run(&URL64, 20, 100)])
        .examples(&["sb`p_T11cUzYZAa3u2olZUk7Q"], &["sbp_short"])
        .checked(letters_and_digits),
    rule("tailscale-key", &["tskey-"], &[run(&URL64, 20, 120)])
        .examples(&["ts`key-bgsYlVvsSKuvinX_zk7Q"], &["tskey-short"])
        .checked(letters_and_digits),
    rule("tencent-secret-id", &["AKID"], &[run(&ALNUM, 32, 32)])
        .examples(&["AK`ID6EudM7Oyf5TNS05kOY2oNzN2m1ElKk7Q"], &["AKIDshort"]),
    rule("terraform-token", &[".atlasv1."], &[run(&URL64, 60, 70)])
        .examples(&["8HkywhjpU05k7Q`.atlasv1.ePpX6N1NF2XV54wca_7E56w8ZniqT3Ul4ffqkOkgWrdioyq_KvCiSGuPJ6sG9AHEk7Q"], &["x.atlasv1.y"])
        .after(&ALNUM, 14, 14),
    rule("vault-legacy-token", &["s."], &[run(&ALNUM, 24, 24)])
        .examples(&["s.`ColNV9ds0HqtO93L7Q5uUk7Q"], &["s.getTokenFromRequestHeader", "s.internationalizationutils"])
        .checked(upper_lower_digit),
    rule("vault-token", &["hvs.", "hvb.", "hvr."], &[run(&URL64, 24, 500)])
        .examples(&["hv`s.zxZuJPWvHogU5nGYVHWVsk7Q"], &["hvs.short"]),
    rule("vercel-token", &["vcp_", "vci_", "vca_", "vcr_", "vck_"], &[run(&ALNUM, 40, 60)])
        .examples(&["vc`p_ojsNOBAGx5diFoNPcbdaKwtgHwIoALtLinxN1k7Q"], &["vcp_short"]),
    rule("volcengine-key", &["AKLT"], &[run(&ALNUM, 40, 60)])
        .examples(&["AK`LTa7ZpTjCgeOj3QYrzZq9adP0J5wMPLCM7HUFpkk7Q"], &["AKLTshort"]),
    rule("yandex-key", &["AQVN"], &[run(&URL64, 35, 38)])
        .examples(&["AQ`VNhdZxEuhnbzs0z1wNiMg9aW37k5wCnHDek7Q"], &["AQVNshort"]),
    rule("yandex-token", &["t1."], &[run(&YANDEX, 1, 200), text("."), run(&URL64, 86, 86), run(&PADDING, 0, 2)])
        .examples(&["t1`.gI3HLBkbvHEzuPyXQk7Q.8ad3DNBYjvsedonuSsddfrfifiUziXnFAAoeelK9mqmALOR2HcSGKgVP8Kd0d3mS8gBlKv3azKgaS_m_x-Sk7Q"], &["t1.x", "t1.column.name"]),
    rule("aws-access-key-pair", &["AKIA", "ASIA"], &[take(&UPPER_DIGIT, 16), take(&SEPARATOR, 1), run(&BASE64, 40, 40)])
        .examples(&["AK`IAZYMLOPIFQY78FK7Q:+Z1bvxbT7WrKL8ozFiA2auK7Z7GtQbU4WWEOCk7Q"], &["AKIA,"])
        .checked(upper_lower_digit),
    rule("aws-session-token", &["FwoGZXIvYXdz", "IQoJb3JpZ2lu", "FQoGZXIvYXdz", "FQoDYXdz"], &[run(&BASE64, 100, 4000)])
        .examples(&["IQ`oJb3JpZ2luV81K2LSnAwqRzZHb4gzQt8HQT0PMPSlWW0Sao/dgPuXJkBGrbwzrzx1vLXEvz4dncnNobfxl4K41gIlp9Qg3l0Ukw4YwrZsAtlYVh1d0szAOZAnV4ah17k7Q"], &["IQoJb3JpZ2lu"]),
    rule("aws-unique-id", &["A3T", "AGPA", "AIDA", "AIPA", "ANPA", "ANVA", "APKA", "AROA", "ASCA"], &[run(&UPPER_DIGIT, 16, 17)])
        .examples(&["AR`OA97SMBGTECD0TXK7Q", "A3`T9SMGZZLQ3VII2YK7Q"], &["AROA", "AIDAabc"])
        .checked(twenty_bytes),
    rule("azure-identifiable-key", &["+ASt", "+ABa", "+ACDb", "+ACR", "+AEh", "+ASb", "+AIoT", "+AMC", "AzSe", "AzFu"], &[run(&BASE64, 3, 14)])
        .examples(&["aj9tLXQNRdk24sYL067ek5o46eqK/Ek7Q`+ASbiPdhAk7Q"], &["+ASt"])
        .after(&BASE64_BODY, 32, 78),
    rule("baidu-access-key", &["ALTAK-"], &[run(&ALNUM, 21, 21)])
        .examples(&["AL`TAK-HVyfEVpuAkriRoAlUak7Q"], &["ALTAK-x"]),
    rule("firebase-server-key", &["AAAA"], &[run(&URL64, 7, 7), text(":"), run(&URL64, 120, 180)])
        .examples(&["AA`AAhVRGk7Q:yEGrdlU4H1dYO-VijuJZWtKOQRTLEwVtdUrGr3YnWOS_BdwMe4KUV4vgoFyCmUQBkllP_2JFtUoqpEwidTCkz1dW0GbehUM3ADZQXmHgX3TAEy5JVdr3Q9LvUd-aM3ZWR8fWgVJeek7Q"], &["AAAA", "AAAA:x"]),
    rule("google-oauth-client-id", &[".apps.googleusercontent.com"], &[])
        .examples(&["123456789012-7o0z79epquv5mgbc1dumdslrqa7smk7q`.apps.googleusercontent.com"], &["x.apps.googleusercontent.com"])
        .after(&CLIENT_ID, 40, 60)
        .checked(letters_and_digits),
    rule("runpod-key", &["rpa_"], &[run(&UPPER_DIGIT, 40, 48)])
        .examples(&["rp`a_XHKWYJT7QM2DBWOJFYBWUYP8JEBBLNOVQEA1H1FK7Q"], &["rpa_x"]),
];

fn twenty_bytes(token: &[u8]) -> bool {
    token.len() == 20 && letters_and_digits(token)
}
