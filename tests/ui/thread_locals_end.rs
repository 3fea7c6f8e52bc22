//! The end of a thread's locals: the last to be used first goes first, all before `join` returns; a destructor can use
//! others, and even begin one anew; one that is being destroyed cannot be reached.

use std::cell::{Cell, RefCell};
use std::sync::Mutex;
use std::thread;

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn log(text: impl Into<String>) {
    LOG.lock().unwrap().push(text.into());
}

struct Named(&'static str);

impl Drop for Named {
    fn drop(&mut self) {
        log(self.0);
        match self.0 {
            "third" => {
                log(format!("  itself: {}", THIRD.try_with(|_| ()).is_ok()));
                log(format!("  first: {}", FIRST.with(|named| named.0)));
                // Never used before.
                LATE.with_borrow_mut(|late| *late = Some(Named("late")));
            }
            "late" => log(format!("  gone: {}", THIRD.try_with(|_| ()).is_err())),
            _ => COUNT.set(COUNT.get() + 1),
        }
        log(format!("  plain: {}", COUNT.get()));
    }
}

thread_local! {
    static FIRST: Named = const { Named("first") };
    static SECOND: Named = Named("second");
    static THIRD: Named = Named("third");
    static LATE: RefCell<Option<Named>> = const { RefCell::new(None) };
    // Without a destructor: can be used to the end.
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

fn main() {
    for name in ["one", "another"] {
        let thread = thread::Builder::new().name(name.into()).spawn(|| {
            FIRST.with(|_| SECOND.with(|_| THIRD.with(|_| ())));
            log(format!("thread {} ends", thread::current().name().unwrap()));
        });
        thread.unwrap().join().unwrap();
        println!("{}", LOG.lock().unwrap().drain(..).collect::<Vec<_>>().join("\n"));
    }
    // A panic ends them too.
    let result = thread::spawn(|| {
        SECOND.with(|_| ());
        std::panic::resume_unwind(Box::new(7));
    });
    println!("{:?}", result.join().unwrap_err().downcast_ref::<i32>());
    println!("{}", LOG.lock().unwrap().join("\n"));
}
