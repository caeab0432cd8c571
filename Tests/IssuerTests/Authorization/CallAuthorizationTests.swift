// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

@testable import Issuer

/// Every call for every kind of caller. Facts (SPIFFE) 15.2.
struct CallAuthorizationTests {
    /// Who may, written down a second time: everything that is not named is for administrators and the local socket.
    static let expected: [String: String] = [
        "Agent/AttestAgent": "anyone", "Bundle/GetBundle": "anyone", "Agent/RenewAgent": "agent",
        "Agent/PostStatus": "agent", "Entry/GetAuthorizedEntries": "agent", "Entry/SyncAuthorizedEntries": "agent",
        "SVID/BatchNewX509SVID": "agent", "SVID/NewJWTSVID": "agent", "SVID/BatchNewWITSVID": "agent",
        "Bundle/GetFederatedBundle": "agent admin local", "SVID/NewDownstreamX509CA": "downstream",
        "Bundle/PublishJWTAuthority": "downstream", "Bundle/PublishWITAuthority": "downstream",
        "Debug/GetInfo": "local", "Logger/GetLogger": "local", "Logger/SetLogLevel": "local",
        "Logger/ResetLogLevel": "local", "Health/Check": "local", "Health/List": "local", "Health/Watch": "local",
    ]

    @Test func knowsEveryMethod() {
        #expect(IssuerMethod.allCases.count == 65)
        let names = IssuerMethod.allCases.map { String($0.rawValue.split(separator: ".").last ?? "") }
        #expect(Set(names).isSuperset(of: Self.expected.keys))
    }

    struct Bench {
        let kit: RegistrationKit
        let authorization: CallAuthorization
        let callers: [String: Caller]

        init() async throws {
            kit = try await RegistrationKit()
            let agents = AgentService(
                kit.directory, attestors: [], signer: ScriptedSigner(), limiter: nil, clock: kit.clock)
            let configured = try SPIFFEID("spiffe://other.test/admin")
            authorization = CallAuthorization(
                kit.directory, agents: agents, administrators: [configured], clock: kit.clock)
            _ = try await kit.entries.create([
                EntryDraft.workload("/admin").with { $0.isAdmin = true },
                EntryDraft.workload("/down").with { $0.isDownstream = true },
                EntryDraft.workload("/plain"),
                EntryDraft.workload("/past").with {
                    $0.isAdmin = true
                    $0.isDownstream = true
                    $0.expiresAt = 1
                },
            ])
            try await kit.putAgent("/spire/agent/x509pop/1")
            let until = kit.clock.now().advanced(by: 60)
            func remote(_ id: SPIFFEID, serial: String = "1", until: CertificateTime = until) -> Caller {
                .remote(
                    address: "192.0.2.1", identity: CallerIdentity(id: id, serialNumber: serial, notAfter: until))
            }
            callers = [
                "local": .local(LocalPeer(pid: 1, uid: 0, gid: 0)), "configured": remote(configured),
                "admin": remote(.example("/admin")), "downstream": remote(.example("/down")),
                "agent": remote(.example("/spire/agent/x509pop/1")), "plain": remote(.example("/plain")),
                "expired entry": remote(.example("/past")), "stranger": .remote(address: "192.0.2.1", identity: nil),
                "unknown": .unknown, "foreign agent": remote(try SPIFFEID("spiffe://other.test/spire/agent/x509pop/1")),
                "admin of the past": remote(.example("/admin"), until: kit.clock.now().advanced(by: -1)),
            ]
        }
    }

    @Test func decidesEveryCall() async throws {
        let bench = try await Bench()
        for method in IssuerMethod.allCases {
            let name = String(method.rawValue.split(separator: ".").last ?? "")
            let allowed = Set((Self.expected[name] ?? "admin local").split(separator: " ").map(String.init))
            for (who, caller) in bench.callers {
                let expected: String? =
                    switch who {
                    case _ where allowed.contains("anyone"): "nobody "
                    case "local": allowed.contains("local") ? "local transport" : nil
                    case "configured": allowed.contains("admin") ? "admin config" : nil
                    case "admin": allowed.contains("admin") ? "admin datastore" : nil
                    case "downstream": allowed.contains("downstream") ? "downstream datastore" : nil
                    case "agent": allowed.contains("agent") ? "agent datastore" : nil
                    default: nil
                    }
                var found: String?
                do {
                    let grant = try await bench.authorization.authorize(caller, path: method.rawValue)
                    found = "\(grant.role.rawValue) \(grant.source.rawValue)"
                } catch {
                    #expect(
                        error == IssuerError(.permissionDenied, "authorization denied for method \(method.rawValue)"))
                }
                #expect(found == expected, "\(who) calls \(name)")
            }
        }
    }

    @Test func refusesUnknownMethods() async throws {
        let bench = try await Bench()
        for path in ["", "/spire.api.server.agent.v1.Agent/Unknown", "spire.api.server.agent.v1.Agent/AttestAgent"] {
            await #expect(throws: IssuerError(.permissionDenied, "authorization denied for method \(path)")) {
                try await bench.authorization.authorize(bench.callers["local"] ?? .unknown, path: path)
            }
        }
    }

    @Test func saysWhyAnAgentMayNot() async throws {
        let bench = try await Bench()
        let until = bench.kit.clock.now().advanced(by: 60)
        func reason(_ path: String, serial: String = "1", until: CertificateTime = until) async -> IssuerError.Reason? {
            let caller = Caller.remote(
                address: "192.0.2.1",
                identity: CallerIdentity(id: .example(path), serialNumber: serial, notAfter: until))
            do {
                _ = try await bench.authorization.authorize(caller, .postStatus)
                return nil
            } catch {
                #expect(error.code == .permissionDenied)
                return error.reason
            }
        }
        let agent = "/spire/agent/x509pop/1"
        #expect(await reason(agent) == nil)
        #expect(await reason(agent, serial: "2") == .agentNotActive)
        #expect(await reason(agent, until: bench.kit.clock.now().advanced(by: -1)) == .agentExpired)
        #expect(await reason("/spire/agent/x509pop/2") == .agentNotAttested)
        try await bench.kit.store.write {
            var record = try #require(try $0.agent(.example(agent)))
            record.standing = .banned
            try $0.put(record)
        }
        #expect(await reason(agent) == .agentBanned)
    }

    @Test(
        arguments: [
            ([], "0"), ([0, 0], "0"), ([7], "7"), ([1, 0], "256"), ([0x64], "100"), ([0x27, 0x10], "10000"),
            ([UInt8](repeating: 0xff, count: 16), "340282366920938463463374607431768211455"),
            ([UInt8](repeating: 0xff, count: 20), "1461501637330902918203684832716283019655932542975"),
        ] as [([UInt8], String)])
    func writesSerialNumbers(_ bytes: [UInt8], _ text: String) {
        #expect(SerialNumber.decimal(bytes) == text)
    }
}
