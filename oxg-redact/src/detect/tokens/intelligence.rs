//! Language models, search and data for them.

use super::format::{TokenRule, letters_and_digits, rule, run, upper_lower_digit};
use crate::bytes::{ALNUM, ByteSet, HEX_LOWER, LOWER_DIGIT, URL64, WORD};

static UUID: ByteSet = ByteSet::new("0-9a-fA-F-");

#[rustfmt::skip]
pub(super) static RULES: &[TokenRule] = &[
    rule("cerebras-key", &["csk-"], &[run(&LOWER_DIGIT, 48, 48)])
        .examples(&["cs`k-x2dbp4622bcc2vum0rujrktt6c9a4nou9zg7haif2u2mnk7q"], &["csk-short"]),
    rule("elevenlabs-key", &["sk_"], &[run(&HEX_LOWER, 48, 48)])
        .examples(&["sk`_ef43a9e7516072cb95eb92e57561d80e1ed511b327f2f4f2"], &["sk_short", "sk_buff_alloc_in_kernel"]),
    rule("firecrawl-key", &["fc-"], &[run(&HEX_LOWER, 32, 32)])
        .examples(&["fc`-fc118de91165c672a325260ebfdc44f2"], &["fc-cache", "fc-0123"]),
    rule("fireworks-key", &["fw_"], &[run(&ALNUM, 22, 28)])
        .examples(&["fw`_vqEZ78JU5nnGqPK88Y5k7Q"], &["fw_version", "fw_short"])
        .checked(upper_lower_digit),
    rule("helicone-key", &["sk-helicone-", "pk-helicone-"], &[run(&URL64, 28, 48)])
        .examples(&["sk`-helicone-AsVZ7-V6PalC9rem0aG3uI26sk7Q"], &["sk-helicone-short"])
        .checked(letters_and_digits),
    rule("jina-key", &["jina_"], &[run(&ALNUM, 60, 64)])
        .examples(&["ji`na_Z8K4JA8GVhKI24YmlZ11738qMRtGyyd1EXR8NCLM0AbdqAk6HXcAej9Smk7Q"], &["jina_client"]),
    rule("langfuse-key", &["sk-lf-"], &[run(&UUID, 36, 36)])
        .examples(&["sk`-lf-1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6"], &["sk-lf-short"]),
    rule("llama-cloud-key", &["llx-"], &[run(&ALNUM, 48, 52)])
        .examples(&["ll`x-R7LKSwETcRAS3ngxAYUVc068qsQh3D02waFUjuMPTDCHqk7Q"], &["llx-short"]),
    rule("nvidia-key", &["nvapi-"], &[run(&URL64, 60, 72)])
        .examples(&["nv`api-jUkjV7-piIIU_m4CLoCaPfzyBPm1DNn2e3dnypv7Irk2Qaa93Bjqd1ZU9k7Q"], &["nvapi-short"]),
    rule("pinecone-key", &["pcsk_"], &[run(&WORD, 60, 80)])
        .examples(&["pc`sk_vMiprxlcdZDUX5v7FL_oYRP_0gOOBmfXvDwhdKOK6riuZij_NFu6DIJpHk7Q"], &["pcsk_short"]),
    rule("tavily-key", &["tvly-", "tvly-dev-", "tvly-prod-"], &[run(&ALNUM, 32, 36)])
        .examples(&["tv`ly-vyA4eQnBEf4aaereuYkQQERUXcvFJk7Q"], &["tvly-short"]),
    rule("together-key", &["tgp_v1_"], &[run(&URL64, 40, 48)])
        .examples(&["tg`p_v1_gNr3JEbNtOfDg97_H9eOxnTzC0OKEBgJlDufNk7Q"], &["tgp_v1_short"]),
    rule("voyage-key", &["pa-"], &[run(&URL64, 43, 47)])
        .examples(&["pa`-8PQflMwAVpxm0FlG0-mh9_b2EzjPhmIb-BEbqh8tk7Q"], &["pa-risc", "pa-short"])
        .checked(upper_lower_digit),
    rule("weights-and-biases-key", &["wandb_v1_"], &[run(&WORD, 40, 90)])
        .examples(&["wa`ndb_v1_FHgk49Hz6ZURBYsOsxF5SM8p50qn9Np11GZTzk7Q"], &["wandb_v1_short"]),
];
