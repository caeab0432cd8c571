// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import Testing

@testable import ACDC
@testable import KERI
@testable import KERINetwork

/// A witness that signs events of registries as their backer (facts 13.1, 13.3).
struct RegistrarTests {
    @Test func `A sealed event is signed, and again with the same signature`() async throws {
        let scene = try RegistrarScene()
        try await scene.hearAll()
        try await scene.seal(scene.registry)
        let first = try await scene.ask(scene.registry)
        #expect(try scene.isSigned(first, scene.registry))
        #expect(try await scene.ask(scene.registry).bytes == first.bytes)
        #expect(try await scene.ask(scene.registry, signedBy: [1]).bytes == first.bytes)
        let issued = try scene.issuance()
        try await scene.seal(issued)
        #expect(try scene.isSigned(try await scene.ask(issued, signedBy: [1]), issued))
        let revoked = try scene.revocation(of: issued)
        try await scene.seal(revoked)
        #expect(try scene.isSigned(try await scene.ask(revoked), revoked))
    }

    @Test func `The index is the place in the list`() async throws {
        let scene = try RegistrarScene(backers: [1, 0])
        try await scene.hearAll()
        try await scene.seal(scene.registry)
        #expect(try scene.isSigned(try await scene.ask(scene.registry), scene.registry, at: 1))
    }

    @Test func `Who is no backer signs nothing and keeps nothing`() async throws {
        let scene = try RegistrarScene(backers: [1])
        try await scene.hearAll()
        #expect(try await scene.ask(scene.registry).status == 400)
        try await scene.seal(scene.registry)
        let answer = try await scene.ask(scene.registry)
        #expect(answer.status == 400 && answer.text.contains("no backer"))
    }

    @Test func `Who is not served, or asks a witness that backs nothing, is turned away`() async throws {
        for policy in [WitnessPolicy(controllers: []), WitnessPolicy(backsRegistries: false)] {
            let scene = try RegistrarScene(policy: policy)
            try await scene.hearAll()
            try await scene.seal(scene.registry)
            #expect(try await scene.ask(scene.registry).status == 403)
        }
    }

    @Test func `An event waits for its seal`() async throws {
        let scene = try RegistrarScene()
        #expect(try await scene.ask(scene.registry).status == 202)
        try await scene.hearAll()
        let answer = try await scene.ask(scene.registry)
        #expect(answer.status == 202 && answer.text.contains("missing-anchor"))
        try await scene.seal(scene.registry)
        #expect(try await scene.ask(scene.registry).status == 200)
        // What its registry does not know yet waits likewise.
        let issued = try scene.issuance()
        try await scene.seal(issued)
        #expect(try await scene.ask(issued).text.contains("tel-out-of-order"))
        #expect(try await scene.ask(scene.registry, signedBy: [1]).status == 200)
        #expect(try await scene.ask(issued).status == 200)
    }

    @Test func `A seal that is not receipted does not count`() async throws {
        let scene = try RegistrarScene(witnesses: 2)
        try await scene.hearAll(receiptedBy: [1])
        let sealing = try scene.owner.interact(scene.registry.seal.value)
        try await scene.hear(sealing)
        #expect(try await scene.ask(scene.registry).status == 202)
        try await scene.hear(sealing, receiptedBy: [1])
        #expect(try await scene.ask(scene.registry).status == 200)
    }

    @Test func `A seal in a delegated log counts when the delegator has sealed that log`() async throws {
        var delegator = try WatchedController("delegator")
        let scene = try RegistrarScene(witnesses: 1, delegator: delegator.aid)
        try await scene.hear(delegator.latest)
        try await scene.hearAll()
        try await scene.seal(scene.registry)
        #expect(try await scene.ask(scene.registry).status == 202)
        let inception = scene.owner.events[0].event
        try await scene.hear(
            try delegator.interact(
                EventSeal(aid: inception.aid, sn: inception.sn, said: inception.said).value))
        #expect(try await scene.ask(scene.registry).status == 200)
    }

    @Test func `A second event for a place is refused, until a recovery has taken the first one's seal`() async throws {
        let scene = try RegistrarScene()
        try await scene.accepted()
        let before = scene.owner
        let (first, second) = (try scene.issuance(), try scene.issuance(1))
        try await scene.seal(first)
        let signed = try await scene.ask(first)
        #expect(signed.status == 200)
        try await scene.seal(second)
        #expect(try await scene.ask(second).status == 409)
        #expect(try await scene.ask(first).bytes == signed.bytes)
        // The rotation takes the place of both interactions.
        scene.owner = before
        try await scene.hear(try scene.owner.rotate())
        #expect(try await scene.ask(second).status == 202)
        try await scene.seal(second)
        #expect(try scene.isSigned(try await scene.ask(second), second))
        try await scene.seal(first)
        #expect(try await scene.ask(first).status == 409)
    }

    @Test func `What ended a credential is never replaced`() async throws {
        let scene = try RegistrarScene()
        try await scene.accepted()
        let issued = try scene.issuance()
        try await scene.seal(issued)
        #expect(try await scene.ask(issued, signedBy: [1]).status == 200)
        let before = scene.owner
        let (first, second) = (try scene.revocation(of: issued), try scene.revocation(of: issued, 1))
        try await scene.seal(first)
        #expect(try await scene.ask(first).status == 200)
        scene.owner = before
        try await scene.hear(try scene.owner.rotate())
        // Its seal is gone, so it is not signed anew either.
        #expect(try await scene.ask(first).status == 202)
        try await scene.seal(second)
        #expect(try await scene.ask(second).status == 409)
    }

    @Test func `A backer that starts again knows what it signed`() async throws {
        let (store, clock) = (MemoryKeyEventStore(), WatchClock())
        let credentials = MemoryCredentialStore(store)
        let scene = try RegistrarScene()
        func serve() throws -> RegistrarScene.Endpoint {
            try RegistrarScene.serve(scene.keys[0], store, credentials, WitnessPolicy(), clock)
        }
        scene.endpoint = try serve()
        try await scene.accepted()
        let (first, second) = (try scene.issuance(), try scene.issuance(1))
        try await scene.seal(first)
        let signed = try await scene.ask(first)
        #expect(signed.status == 200)
        scene.endpoint = try serve()
        #expect(try await scene.ask(first).bytes == signed.bytes)
        try await scene.seal(second)
        #expect(try await scene.ask(second).status == 409)
    }
}
