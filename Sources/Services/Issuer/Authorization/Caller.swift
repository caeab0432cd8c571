// SPDX-License-Identifier: Apache-2.0

public import SPIFFE
internal import X509

/// Who calls the issuer, as the listener found it. Facts (SPIFFE) 15.1.
public enum Caller: Hashable, Sendable {
    /// A process of this machine, over the Unix socket.
    case local(LocalPeer)
    /// Somebody over TLS; `identity` when an SVID of theirs was verified, nil when they showed none.
    case remote(address: String, identity: CallerIdentity?)
    /// Nobody in particular: a listener that can't tell.
    case unknown

    /// Who a remote caller proved to be.
    public var identity: CallerIdentity? {
        if case .remote(_, let identity) = self { identity } else { nil }
    }
}

/// A process at the other end of a Unix socket, as the kernel named it when it connected.
public struct LocalPeer: Hashable, Sendable {
    /// Its process.
    public let pid: Int32
    /// Its user.
    public let uid: UInt32
    /// Its group.
    public let gid: UInt32
    /// Path of its executable; nil where it can't be told. For the audit log only.
    public let path: String?

    /// Collects what the kernel said.
    public init(pid: Int32, uid: UInt32, gid: UInt32, path: String? = nil) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
        self.path = path
    }
}

/// What of a verified SVID decides about a call.
public struct CallerIdentity: Hashable, Sendable {
    /// Who the caller is.
    public let id: SPIFFEID
    /// The serial number of the leaf in decimal.
    public let serialNumber: String
    /// The last moment at which the whole chain is valid: a leaf counts no longer than who signed it.
    public let notAfter: CertificateTime

    /// Takes the parts from an SVID whose chain was verified.
    public init(_ svid: VerifiedX509SVID) {
        self.init(
            id: svid.id, serialNumber: SerialNumber.decimal(Array(svid.leaf.certificate.serialNumber.bytes)),
            notAfter: svid.notAfter)
    }

    package init(id: SPIFFEID, serialNumber: String, notAfter: CertificateTime) {
        self.id = id
        self.serialNumber = serialNumber
        self.notAfter = notAfter
    }
}

/// Serial numbers of certificates as SPIRE writes them.
public enum SerialNumber {
    /// A number in decimal, from its bytes, big end first; `0` for none.
    public static func decimal(_ bytes: [UInt8]) -> String {
        var rest = Array(bytes.drop { $0 == 0 })
        var groups: [String] = []
        while !rest.isEmpty {
            var remainder = 0
            var quotient: [UInt8] = []
            for byte in rest {
                let value = remainder << 8 | Int(byte)
                let digit = UInt8(value / 100)
                remainder = value % 100
                if digit != 0 || !quotient.isEmpty { quotient.append(digit) }
            }
            rest = quotient
            groups.append(remainder < 10 && !rest.isEmpty ? "0\(remainder)" : "\(remainder)")
        }
        return groups.isEmpty ? "0" : groups.reversed().joined()
    }
}
