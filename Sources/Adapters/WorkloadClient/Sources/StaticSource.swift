// SPDX-License-Identifier: Apache-2.0

internal import Glibc
public import SPIFFE

/// An identity and bundles that never change: for tests, and for what has to start before there is a Workload API.
public struct StaticSource: SVIDSource, BundleSource {
    private let svid: X509SVID?
    private let bundles: BundleMap
    private let clock: any WorkloadClock

    /// A source of what is given; without identity it only knows whom to trust.
    public init(svid: X509SVID?, bundles: BundleMap, clock: any WorkloadClock = SystemWorkloadClock()) {
        self.svid = svid
        self.bundles = bundles
        self.clock = clock
    }

    /// Reads files once; blocks for that long.
    /// - Parameters:
    ///   - chain: PEM, leaf first.
    ///   - key: PKCS#8 in PEM.
    ///   - bundles: For each trust domain PEM certificates, or a bundle document.
    ///   - clock: What time it is.
    /// - Throws: ``StaticSourceError``.
    public init(
        chain: String, key: String, bundles: [TrustDomain: String], clock: any WorkloadClock = SystemWorkloadClock()
    ) throws(StaticSourceError) {
        let svid: X509SVID
        do {
            svid = try X509SVID(
                chain: CertificateEncoding.certificates(inPEM: try Self.text(chain)),
                pkcs8: CertificateEncoding.pkcs8(inPEM: try Self.text(key)))
        } catch let error as StaticSourceError {
            throw error
        } catch {
            throw StaticSourceError(path: chain, detail: "\(error)")
        }
        var all: [TrustBundle] = []
        for (trustDomain, path) in bundles { all.append(try Self.bundle(of: trustDomain, path)) }
        do {
            self.init(svid: svid, bundles: try BundleMap(all), clock: clock)
        } catch {
            throw StaticSourceError(path: "", detail: "\(error)")
        }
    }

    /// The identity.
    /// - Throws: ``WorkloadAPIError``: `notFound` without one, `expired` when it has expired.
    public func x509SVID() throws(WorkloadAPIError) -> X509SVID {
        guard let svid else { throw WorkloadAPIError(.notFound) }
        guard clock.now() <= svid.leaf.notAfter else {
            throw WorkloadAPIError(.expired, "\(svid.id) expired at \(svid.leaf.notAfter)")
        }
        return svid
    }

    /// The bundle of a trust domain; nil when none was given.
    public func bundle(of trustDomain: TrustDomain) -> TrustBundle? { bundles[trustDomain] }

    private static func bundle(of trustDomain: TrustDomain, _ path: String) throws(StaticSourceError) -> TrustBundle {
        let text = try text(path)
        do {
            if text.drop(while: \.isWhitespace).first == "{" {
                return try BundleDocument(parsing: Array(text.utf8), trustDomain: trustDomain).bundle
            }
            let authorities = try CertificateEncoding.certificates(inPEM: text, most: 1000)
            guard !authorities.isEmpty else { throw StaticSourceError(path: path, detail: "no certificate") }
            return try TrustBundle(
                trustDomain: trustDomain,
                x509Authorities: authorities.map { X509Authority(try X509Certificate(der: $0)) })
        } catch let error as StaticSourceError {
            throw error
        } catch {
            throw StaticSourceError(path: path, detail: "\(error)")
        }
    }

    private static func text(_ path: String) throws(StaticSourceError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StaticSourceError(path: path, detail: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw StaticSourceError(path: path, detail: String(cString: strerror(errno))) }
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard bytes.count <= 4 << 20 else { throw StaticSourceError(path: path, detail: "too large") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw StaticSourceError(path: path, detail: "no text")
        }
        return text
    }
}

/// Why a file gives no identity or bundle.
public struct StaticSourceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which file.
    public let path: String
    /// What is wrong; never a key.
    public let detail: String

    /// File and cause.
    public var description: String { "\(path): \(detail)" }
}
