//! Symbols of a Plan 9 executable: function names, from its own symbol table.

use super::{BytesOrWideString, ResolveWhat, SymbolName};
use core::ffi::c_void;
use core::marker::PhantomData;

pub unsafe fn resolve(what: ResolveWhat<'_>, cb: &mut dyn FnMut(&super::Symbol)) {
    if let Some((address, name)) = crate::sys::symbols::find(what.address_or_ip() as usize) {
        cb(&super::Symbol { inner: Symbol { address, name, _marker: PhantomData } });
    }
}

pub struct Symbol<'a> {
    address: usize,
    name: &'static [u8],
    _marker: PhantomData<&'a ()>,
}

impl Symbol<'_> {
    pub fn name(&self) -> Option<SymbolName<'_>> {
        Some(SymbolName::new(self.name))
    }

    pub fn addr(&self) -> Option<*mut c_void> {
        Some(self.address as *mut c_void)
    }

    pub fn filename_raw(&self) -> Option<BytesOrWideString<'_>> {
        None
    }

    #[cfg(feature = "std")]
    pub fn filename(&self) -> Option<&::std::path::Path> {
        None
    }

    pub fn lineno(&self) -> Option<u32> {
        None
    }

    pub fn colno(&self) -> Option<u32> {
        None
    }
}

pub unsafe fn clear_symbol_cache() {}
