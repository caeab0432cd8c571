// SPDX-License-Identifier: Apache-2.0

private import Glibc

/// The names of users and groups on this node. Asking may wait for a directory service.
public protocol AccountNames: Sendable {
    /// The name of a user; nil when there is none.
    func user(_ uid: UInt32) -> String?
    /// The name of a group; nil when there is none.
    func group(_ gid: UInt32) -> String?
}

/// The node's own accounts, as the C library finds them.
public struct SystemAccountNames: AccountNames {
    /// There is only one.
    public init() {}

    /// The name of a user; nil when there is none.
    public func user(_ uid: UInt32) -> String? {
        Self.search { buffer, size in
            var record = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let error = getpwuid_r(uid, &record, buffer, size, &found)
            return (error, found.flatMap { $0.pointee.pw_name.map { String(cString: $0) } })
        }
    }

    /// The name of a group; nil when there is none.
    public func group(_ gid: UInt32) -> String? {
        Self.search { buffer, size in
            var record = Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let error = getgrgid_r(gid, &record, buffer, size, &found)
            return (error, found.flatMap { $0.pointee.gr_name.map { String(cString: $0) } })
        }
    }

    /// Looks with a buffer that grows: a group's record names all its members.
    private static func search(
        _ look: (UnsafeMutablePointer<CChar>, Int) -> (error: Int32, name: String?)
    ) -> String? {
        var size = 1024
        while size <= 1 << 20 {
            var buffer = [CChar](repeating: 0, count: size)
            let (error, name) = look(&buffer, size)
            guard error == ERANGE else { return error == 0 ? name : nil }
            size *= 4
        }
        return nil
    }
}
