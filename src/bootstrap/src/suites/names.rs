//! The names of the suites that have a list of tests that fail or are left out (`tests/upstream-ignored.toml`).

pub const STD_DOC: &str = "std-doc";
pub const ALLOC_DOC: &str = "alloc-doc";
pub const CORE_DOC: &str = "core-doc";
pub const STD_TCP: &str = "std-tcp";
pub const STD_UDP: &str = "std-udp";
pub const CORETESTS: &str = "coretests";
pub const ALLOCTESTS: &str = "alloctests";
pub const STD: &str = "std";
pub const STD_INTEGRATION: &str = "std-integration";
