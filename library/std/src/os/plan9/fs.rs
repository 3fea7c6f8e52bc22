//! Plan 9-specific extensions to primitives in [`std::fs`](crate::fs): what a directory record says (man 5/stat).

use crate::fs::{Metadata, OpenOptions, Permissions};
use crate::sys::{AsInner, AsInnerMut, FromInner};

/// What std does not ask of a file's record.
#[stable(feature = "rust1", since = "1.0.0")]
pub trait MetadataExt {
    /// The file's number on its server; with [`dev`](Self::dev) and [`dev_type`](Self::dev_type) its identity.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn qid_path(&self) -> u64;
    /// Changes with every change of the file.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn qid_version(&self) -> u32;
    /// The upper byte of the mode: directory, append-only, exclusive use.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn qid_type(&self) -> u8;
    /// Permissions and DMDIR, DMAPPEND, DMEXCL, DMTMP.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn mode(&self) -> u32;
    /// The letter of the kernel device, `M` for a file server's.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn dev_type(&self) -> u16;
    /// Which instance of the device.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn dev(&self) -> u32;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl MetadataExt for Metadata {
    fn qid_path(&self) -> u64 {
        self.as_inner().qid.path
    }

    fn qid_version(&self) -> u32 {
        self.as_inner().qid.version
    }

    fn qid_type(&self) -> u8 {
        self.as_inner().qid.kind
    }

    fn mode(&self) -> u32 {
        self.as_inner().mode
    }

    fn dev_type(&self) -> u16 {
        self.as_inner().device_type
    }

    fn dev(&self) -> u32 {
        self.as_inner().device
    }
}

/// Permissions as bits.
#[stable(feature = "rust1", since = "1.0.0")]
pub trait PermissionsExt {
    /// The mode.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn mode(&self) -> u32;
    /// Of these bits the lower nine count.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn from_mode(mode: u32) -> Self;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl PermissionsExt for Permissions {
    fn mode(&self) -> u32 {
        self.as_inner().mode()
    }

    fn from_mode(mode: u32) -> Permissions {
        Permissions::from_inner(crate::sys::fs::FilePermissions::from_mode(mode))
    }
}

/// What `open` and `create` can be asked beside what std knows (man 2/open).
#[stable(feature = "rust1", since = "1.0.0")]
pub trait OpenOptionsExt {
    /// The mode of a file that is created: nine permission bits, DMAPPEND, DMEXCL, DMTMP.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn mode(&mut self, mode: u32) -> &mut Self;
    /// Further mode bits, as ORCLOSE.
    #[stable(feature = "rust1", since = "1.0.0")]
    fn custom_flags(&mut self, flags: u32) -> &mut Self;
}

#[stable(feature = "rust1", since = "1.0.0")]
impl OpenOptionsExt for OpenOptions {
    fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        self.as_inner_mut().mode(mode);
        self
    }

    fn custom_flags(&mut self, flags: u32) -> &mut OpenOptions {
        self.as_inner_mut().flags(flags);
        self
    }
}
