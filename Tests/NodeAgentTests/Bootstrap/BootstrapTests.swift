// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import NodeAgent

struct BootstrapTests {
    let authority = TestAuthority()
    let folder = TemporaryFolder()
    let issuer: ScriptedIssuer

    init() { issuer = ScriptedIssuer(authority) }

    private func bundle(
        _ source: BootstrapSource, _ admission: any BundleAdmission = OpenBundleAdmission()
    ) async throws(BootstrapError) -> [X509Certificate] {
        try await Bootstrap(
            source: source, trustDomain: Sample.domain, issuer: issuer, admission: admission,
            threads: BlockingThreads()
        ).bundle().x509Authorities.map(\.certificate)
    }

    private func code(_ source: BootstrapSource, _ admission: any BundleAdmission = OpenBundleAdmission()) async
        -> BootstrapError.Code?
    {
        do throws(BootstrapError) {
            _ = try await bundle(source, admission)
            return nil
        } catch {
            return error.code
        }
    }

    private var document: String { String(decoding: BundleDocument.encode(authority.bundle()), as: UTF8.self) }

    @Test func `a file gives the bundle in either form`() async throws {
        folder.write("bundle.pem", authority.certificate.pem + TestAuthority().certificate.pem)
        #expect(try await bundle(.file(path: "\(folder.path)/bundle.pem", .pem)).count == 2)
        folder.write("bundle.json", document)
        #expect(try await bundle(.file(path: "\(folder.path)/bundle.json", .spiffe)) == [authority.certificate])
        #expect(await issuer.credentials == nil)
    }

    @Test func `an authority that was revoked does not come back with an old file`() async throws {
        let other = TestAuthority()
        folder.write("bundle.pem", authority.certificate.pem + other.certificate.pem)
        let bundle = { [self] (revoked: [TestAuthority], admission: any BundleAdmission) async throws(BootstrapError) in
            try await Bootstrap(
                source: .file(path: "\(folder.path)/bundle.pem", .pem), trustDomain: Sample.domain, issuer: issuer,
                admission: admission, threads: BlockingThreads(),
                revoked: revoked.map { AgentRecord.digest($0.certificate) }
            ).bundle().x509Authorities.map(\.certificate)
        }
        let left = try await bundle([authority], OpenBundleAdmission())
        #expect(left == [other.certificate])
        let error = await #expect(throws: BootstrapError.self) {
            _ = try await bundle([authority, other], OpenBundleAdmission())
        }
        #expect(error?.code == .revoked)
        // What a log proves to be alive is, whatever was seen before.
        let proven = FakeAdmission { $0.certificate == authority.certificate ? .proven : .claimed }
        let alive = try await bundle([authority, other], proven)
        #expect(alive == [authority.certificate])
    }

    @Test func `a fetched document gives the bundle`() async throws {
        let bytes = Array(document.utf8)
        #expect(try await bundle(.fetched(.spiffe) { bytes }) == [authority.certificate])
        #expect(await code(.fetched(.spiffe) { throw CancellationError() }) == .fetch)
    }

    @Test func `what is no bundle, or has no authority, gives no trust`() async {
        folder.write("nonsense", "nonsense")
        folder.write("empty", "")
        folder.write("key.pem", authority.certificate.pem.replacing("CERTIFICATE", with: "PRIVATE KEY"))
        folder.write("none.json", #"{"keys":[]}"#)
        folder.write("large", String(repeating: "x", count: (1 << 20) + 1))
        #expect(await code(.file(path: "\(folder.path)/missing", .pem)) == .file)
        #expect(await code(.file(path: "\(folder.path)/large", .pem)) == .file)
        #expect(await code(.file(path: "\(folder.path)/nonsense", .spiffe)) == .document)
        #expect(await code(.file(path: "\(folder.path)/key.pem", .pem)) == .document)
        #expect(await code(.file(path: "\(folder.path)/none.json", .spiffe)) == .empty)
        #expect(await code(.file(path: "\(folder.path)/empty", .pem)) == .empty)
        let large = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
        #expect(await code(.fetched(.pem) { large }) == .document)
    }

    @Test func `whoever answers is believed only where the operator said so`() async throws {
        #expect(try await bundle(.anybody) == [authority.certificate])
        #expect(await issuer.credentials == IssuerCredentials(trust: .anybody, identity: nil))
        await issuer.fail(.bundle, .unavailable)
        #expect(await code(.anybody) == .issuer)
        await issuer.change { $0.ownBundle = TestAuthority(Sample.partner).bundle() }
        #expect(await code(.anybody) == .issuer)
    }

    @Test func `with a pinned organisation only what is founded counts`() async throws {
        let other = TestAuthority()
        await issuer.change { $0.ownBundle = authority.bundle(and: [other]) }
        #expect(await code(.proven) == .notAdmitted)
        let proven = FakeAdmission { $0.certificate == authority.certificate ? .proven : .claimed }
        #expect(try await bundle(.proven, proven) == [authority.certificate])
        let pinned = FakeAdmission { $0.certificate == authority.certificate ? .pinned : nil }
        #expect(try await bundle(.proven, pinned) == [authority.certificate])
    }

    @Test func `what admission refuses is no trust, wherever it came from`() async {
        folder.write("bundle.pem", authority.certificate.pem)
        let file = BootstrapSource.file(path: "\(folder.path)/bundle.pem", .pem)
        for source in [file, .anybody, .proven] {
            #expect(await code(source, RefusingAdmission()) == .notAdmitted)
            #expect(await code(source, FakeAdmission { _ in nil }) == .notAdmitted)
        }
    }
}
