//! The connection server `/net/cs`: queries, answers, error texts, reads in pieces; `/net/dns` without a name server; the
//! layout of the small files in `/net`. The names are those of `golden/csdns.ndb`.

#![no_std]
#![no_main]

mod files;
mod pieces;
mod queries;

conformance::counting_handler!();

#[unsafe(no_mangle)]
fn probe() {
    conformance::handle_notes();
    conformance::load_all();
    queries::connection_server();
    pieces::pieces();
    pieces::interrupted();
    queries::resolver();
    files::files();
}
