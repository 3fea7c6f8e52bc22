//! Processes: rfork, what is shared, memory, exits and await, notes. One line a fact; a failing call is printed as its
//! error text in quotes. Numbers that vary (addresses, process numbers, times) are printed as N.

#![no_std]
#![no_main]

mod groups;
mod memory;
mod notes;
mod waits;

use conformance::family::{fork, listen, message};
use conformance::say;
use plan9_abi::flags::{mode, open, rfork};
use plan9_abi::sys::{file, process};

conformance::counting_handler!();

#[unsafe(no_mangle)]
fn probe() {
    // SAFETY: no new proc.
    let _ = unsafe { process::rfork(rfork::NAMEG | rfork::ENVG | rfork::NOTEG | rfork::REND) };
    if let Ok(fd) = file::create(c"/tmp/m", open::READ, mode::DIR | 0o777) {
        let _ = file::close(fd);
    }
    listen();
    rforks();
    groups::run();
    memory::run();
    waits::run();
    notes::run();
}

/// Which flags rfork takes.
fn rforks() {
    use rfork::{CENVG, CFDG, CNAMEG, ENVG, FDG, MEM, NAMEG, NOMNT, NOTEG, NOWAIT, PROC, REND};
    let tried: [(&str, u32); 24] = [
        ("0", 0),
        ("RFMEM", MEM),
        ("RFNOWAIT", NOWAIT),
        ("RFFDG|RFCFDG", FDG | CFDG),
        ("RFNAMEG|RFCNAMEG", NAMEG | CNAMEG),
        ("RFENVG|RFCENVG", ENVG | CENVG),
        ("RFFDG", FDG),
        ("RFCFDG", CFDG),
        ("RFNAMEG", NAMEG),
        ("RFCNAMEG", CNAMEG),
        ("RFENVG", ENVG),
        ("RFCENVG", CENVG),
        ("RFNOTEG", NOTEG),
        ("RFREND", REND),
        ("RFNOMNT", NOMNT),
        ("1<<20", 1 << 20),
        ("RFPROC", PROC),
        ("RFPROC|RFMEM", PROC | MEM),
        ("RFPROC|RFNOWAIT", PROC | NOWAIT),
        ("RFPROC|RFFDG|RFCFDG", PROC | FDG | CFDG),
        ("RFPROC|RFNAMEG|RFCNAMEG", PROC | NAMEG | CNAMEG),
        ("RFPROC|RFCFDG|RFCNAMEG|RFCENVG", PROC | CFDG | CNAMEG | CENVG),
        ("RFPROC|RFNOTEG|RFREND|RFNOMNT", PROC | NOTEG | REND | NOMNT),
        ("all but the RFC ones", 0x607F),
    ];
    for (what, flags) in tried {
        fork(|| {
            // SAFETY: a new proc has its own copy of the stack that both stand on, and both end here.
            if unsafe { process::rfork(flags) }.is_err() {
                conformance::family::exits(format_args!("{}", conformance::Why::take()));
            }
        });
        let text = message();
        match text.as_str() {
            "''" => say!("rfork {what}: ok"),
            why => say!("rfork {what}: {why}"),
        }
    }
}
