//! Compares `oxg-redact` with other ways to redact, on the same lines in the same run.
