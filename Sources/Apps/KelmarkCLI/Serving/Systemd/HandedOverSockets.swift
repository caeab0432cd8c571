// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import IdentityGRPC

/// The listening sockets that the service manager opened for this process. Each is named after the option that it takes
/// the place of, as `FileDescriptorName=listen` in a socket unit.
struct HandedOverSockets: Sendable {
    private let descriptors: [String: Int32]

    /// Takes what the environment tells of.
    /// - Parameter options: the options that have sockets, without their dashes, and who can reach those.
    /// - Throws: ``CommandFailure`` when a socket is not what its name says, or is for nothing.
    init(
        for options: [String: HandedOverSocket.Reach], environment: [String: String], processID: Int32 = getpid()
    ) throws(CommandFailure) {
        var descriptors: [String: Int32] = [:]
        for socket in try Self.sockets(in: environment, processID) {
            guard let reach = options[socket.name] else {
                let names = options.keys.sorted().joined(separator: ", ")
                throw Self.unusable("descriptor \(socket.descriptor) is called \(socket.name), not one of \(names)")
            }
            guard descriptors.updateValue(socket.descriptor, forKey: socket.name) == nil else {
                throw Self.unusable("two sockets are called \(socket.name)")
            }
            do throws(ListenerError) {
                try HandedOverSocket.adopt(socket.descriptor, reach)
            } catch {
                throw Self.unusable("\(error), which is called \(socket.name)")
            }
        }
        self.descriptors = descriptors
    }

    /// The socket for an option; nil when none was handed over.
    subscript(option: String) -> Int32? { descriptors[option] }

    /// Where a Unix socket is: the one that was handed over, else at a path, which is asked for only then.
    func local(
        _ option: String, permissions: UInt32, path: () throws -> String
    ) rethrows -> IdentityServer.LocalPlace {
        if let descriptor = descriptors[option] { return .descriptor(descriptor) }
        return .path(try path(), permissions: permissions)
    }

    /// Where a port is, for people.
    func shown(_ option: String, or place: NetworkPlace) -> String {
        descriptors[option].map { "descriptor \($0)" } ?? place.description
    }

    private static func sockets(
        in environment: [String: String], _ processID: Int32
    ) throws(CommandFailure) -> [HandedOverSocket] {
        do throws(ListenerError) {
            return try HandedOverSocket.all(in: environment, processID: processID)
        } catch {
            throw unusable("\(error)")
        }
    }

    private static func unusable(_ cause: String) -> CommandFailure { CommandFailure("KM-SOCKET-UNUSABLE", cause) }
}

extension IdentityServer.LocalPlace {
    /// The place for people.
    var shown: String {
        switch self {
        case .path(let path, _): path
        case .descriptor(let descriptor): "descriptor \(descriptor)"
        }
    }

    /// The file of the socket; nil for one that has none, and so is in no folder.
    var file: String? {
        switch self {
        case .path(let path, _): path
        case .descriptor(let descriptor): Self.file(of: descriptor)
        }
    }

    /// Where a Unix socket was bound, as the kernel has it.
    private static func file(of descriptor: Int32) -> String? {
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard status == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        // A name of the kernel begins with a zero; the longest path has none behind it.
        let path = withUnsafeBytes(of: &address.sun_path) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return path.isEmpty ? nil : path
    }
}
