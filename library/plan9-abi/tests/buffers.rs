//! Where the kernel writes into a buffer, its address must come from the mutable reference: one
//! that comes from a shared reference allows no write, however the code behind it was called. The
//! compiler takes both, so the source is read.

use std::fs;
use std::path::Path;

/// The functions of a source that take a mutable slice, and those of them that pass its address as
/// one to be read.
fn look_through(source: &str) -> (usize, Vec<&str>) {
    let mut writers = 0;
    let mut wrong = Vec::new();
    for function in source.split("\npub ").filter(|part| part.contains("fn ")) {
        let (head, body) = function.split_once('{').unwrap_or((function, ""));
        if head.contains("&mut [") {
            writers += 1;
            if body.contains(" place(") || body.contains(".as_ptr()") && !head.contains("&CStr") {
                wrong.push(head.trim());
            }
        }
    }
    (writers, wrong)
}

#[test]
fn the_kernel_writes_through_mutable_pointers_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sys");
    let mut writers = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        let (found, wrong) = look_through(&source);
        assert!(wrong.is_empty(), "{}: pass these by place_mut: {wrong:#?}", path.display());
        writers += found;
    }
    assert!(writers >= 6, "only {writers} were found: the look-out misses some");
}

#[test]
fn an_address_from_a_shared_reference_is_seen() {
    let call =
        |place: &str| format!("\npub fn read(buf: &mut [u8]) {{\n    let a = {place}(buf);\n}}\n");
    assert_eq!(look_through(&call("place")), (1, vec!["fn read(buf: &mut [u8])"]));
    assert_eq!(look_through(&call("place_mut")), (1, vec![]));
    assert_eq!(look_through("\npub fn write(bytes: &[u8]) {\n    place(bytes);\n}\n"), (0, vec![]));
}
