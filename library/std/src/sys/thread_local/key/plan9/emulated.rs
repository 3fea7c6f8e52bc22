//! Emulated thread-local storage.
//!
//! The compiler gives each thread-local variable a control object and calls `__emutls_get_address`
//! with it. The thread's table of blocks is in its control block, which a private word points to,
//! so an access makes no system call. Blocks come from the system allocator: the global one may
//! itself use thread-locals.

use crate::alloc::{GlobalAlloc, Layout, System};
use crate::ptr;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sys::pal::shared_static;
use crate::sys::thread::control::ThreadControl;
use crate::sys::thread::{per_proc, stacks};

/// What LLVM lays out for a variable.
#[repr(C)]
struct Control {
    size: usize,
    align: usize,
    /// 0 until a thread first asks for the variable, then its index, from 1.
    index: AtomicUsize,
    /// The initial value, or null for zeros.
    template: *const u8,
}

/// In front of each block: what it takes to free it.
#[repr(C)]
struct Prefix {
    size: usize,
    align: usize,
}

shared_static! {
    /// Indices given out.
    static INDICES: AtomicUsize = AtomicUsize::new(0);
    "__rust_plan9_tls_indices"
}

/// The address of a variable in the calling thread.
#[cfg(not(test))]
#[unsafe(no_mangle)]
unsafe extern "C" fn __emutls_get_address(control: *const Control) -> *mut u8 {
    // SAFETY: the compiler passes the address of a control object, which is static.
    let control = unsafe { &*control };
    let mut index = control.index.load(Relaxed);
    if index == 0 {
        index = first_index(control);
    }
    // SAFETY: no code with thread-locals runs on a proc before its thread's block is in place or
    // after it is gone.
    let thread = unsafe { &*(*per_proc::words()).thread };
    stacks::check_of(thread);
    if index <= thread.tls_len.get() {
        // SAFETY: the table has that many entries, and is this thread's.
        let block = unsafe { *thread.tls.get().add(index - 1) };
        if !block.is_null() {
            return block;
        }
    }
    first_access(thread, control, index)
}

#[cold]
#[cfg_attr(test, expect(dead_code))]
fn first_index(control: &Control) -> usize {
    let new = INDICES.fetch_add(1, Relaxed) + 1;
    // An index that another thread beat us to is never used.
    control.index.compare_exchange(0, new, Relaxed, Relaxed).map_or_else(|other| other, |_| new)
}

#[cold]
#[cfg_attr(test, expect(dead_code))]
fn first_access(thread: &ThreadControl, control: &Control, index: usize) -> *mut u8 {
    if index > thread.tls_len.get() {
        enlarge(thread, index);
    }
    let (layout, offset) = block_layout(control.size, control.align);
    // SAFETY: the layout is not empty.
    let base = unsafe { System.alloc_zeroed(layout) };
    if base.is_null() {
        out_of_memory();
    }
    // SAFETY: the layout holds the prefix right before `offset` and `size` bytes from there, and
    // the template is as long.
    unsafe {
        let block = base.add(offset);
        block.cast::<Prefix>().sub(1).write(Prefix { size: control.size, align: control.align });
        if !control.template.is_null() {
            ptr::copy_nonoverlapping(control.template, block, control.size);
        }
        thread.tls.get().add(index - 1).write(block);
        block
    }
}

/// The layout of prefix and block together, and where the block starts.
fn block_layout(size: usize, align: usize) -> (Layout, usize) {
    let align = align.max(align_of::<Prefix>());
    let offset = size_of::<Prefix>().next_multiple_of(align);
    match Layout::from_size_align(offset + size, align) {
        Ok(layout) => (layout, offset),
        Err(_) => out_of_memory(),
    }
}

fn table_layout(len: usize) -> Layout {
    Layout::array::<*mut u8>(len).unwrap_or_else(|_| out_of_memory())
}

fn enlarge(thread: &ThreadControl, index: usize) {
    let (old, old_len) = (thread.tls.get(), thread.tls_len.get());
    let len = index.next_power_of_two().max(16);
    // SAFETY: the layout is not empty; the old table has `old_len` entries and was allocated for
    // them.
    unsafe {
        let new = System.alloc_zeroed(table_layout(len)).cast::<*mut u8>();
        if new.is_null() {
            out_of_memory();
        }
        if old_len > 0 {
            ptr::copy_nonoverlapping(old, new, old_len);
            System.dealloc(old.cast(), table_layout(old_len));
        }
        thread.tls.set(new);
        thread.tls_len.set(len);
    }
}

/// Frees all of a thread's variables. Their destructors have run.
///
/// # Safety
///
/// The thread must not use a thread-local again.
pub unsafe fn free(thread: &ThreadControl) {
    let (table, len) = (thread.tls.replace(ptr::null_mut()), thread.tls_len.replace(0));
    if len == 0 {
        return;
    }
    // SAFETY: the table has `len` entries, and each block was allocated with the layout that its
    // prefix gives.
    unsafe {
        for at in 0..len {
            let block = *table.add(at);
            if !block.is_null() {
                let prefix = block.cast::<Prefix>().sub(1).read();
                let (layout, offset) = block_layout(prefix.size, prefix.align);
                System.dealloc(block.sub(offset), layout);
            }
        }
        System.dealloc(table.cast(), table_layout(len));
    }
}

fn out_of_memory() -> ! {
    rtabort!("no memory for thread-local variables");
}
