// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

/// What a history is to contain.
struct HistoryPlan {
    let seed: String
    let features: Set<String>
    let avoid: Set<String>

    /// The features of each kind that a peer may ask for.
    static let kinds: [String: Set<String>] = [
        "single": [], "multi": ["multi", "many-keys"], "weighted": ["many-keys", "weighted"],
        "witnessed": ["witnessed"], "partial": ["many-keys", "partial"], "delegated": ["many-keys", "delegated"],
        "recovery": ["recovery"],
    ]

    static func random(_ random: inout SeededGenerator) -> Set<String> {
        var features: Set<String> = []
        for name in ["many-keys", "weighted", "witnessed", "partial", "delegated"] where random.chance(50) {
            features.insert(name)
        }
        if random.chance(10) { features.insert("establishment-only") }
        if random.chance(15) { features.insert("curves") }
        // Whoever mends order by escrow sees another first-seen order than whoever recovers: one of the two.
        features.insert(random.pick(["recovery", "disorder", "plain"]))
        return features
    }
}

/// Random key events over one AID or, when delegated, an AID, its delegate and perhaps the delegate's delegate.
struct HistoryMaker {
    let plan: HistoryPlan
    private let count: Int
    private let log = MemoryKeyEventStore()
    private var random: SeededGenerator
    private(set) var controllers: [ScriptedController] = []
    private(set) var messages: [ScriptedMessage] = []

    init(seed: String, kind: String, count: Int, avoid: Set<String>) throws {
        random = SeededGenerator("\(seed)/\(kind)/\(count)")
        let features = kind == "random" ? HistoryPlan.random(&random) : HistoryPlan.kinds[kind]
        guard let features, count > 0 else { throw PeerFailure("no histories of kind \(kind) with \(count) events") }
        plan = HistoryPlan(seed: seed, features: features, avoid: avoid)
        self.count = count
    }

    /// Builds the events and puts them into a stream.
    mutating func make() throws -> [UInt8] {
        try addController(below: nil)
        while messages.count < count { try step(left: count - messages.count) }
        return try stream()
    }

    private mutating func step(left: Int) throws {
        if plan.features.contains("delegated"), left >= 2, controllers.count < 3 {
            if controllers.count == 1 || random.chance(10) {
                try addController(below: controllers[controllers.count - 1])
                return
            }
        }
        let alive = controllers.filter { !$0.hasEnded }
        let controller = random.pick(alive)
        let cost = cost(of: controller)
        let roll = random.number(0...99)
        if left == 1, controller.delegator == nil, roll < 10, alive.count == controllers.count {
            try add(controller.rotate(ends: true, random: &random), of: controller)
        } else if plan.features.contains("recovery"), roll < 25, !controller.recoverable.isEmpty, cost <= left {
            let sn = random.pick(Array(controller.recoverable))
            try add(controller.rotate(at: sn, random: &random), of: controller)
        } else if controller.isEstablishmentOnly || roll < 45 {
            if cost <= left { try add(controller.rotate(random: &random), of: controller) }
        } else {
            try add(controller.interact(random: &random), of: controller)
        }
    }

    /// Events that an establishment takes: its own and the delegator's that seals it.
    private func cost(of controller: ScriptedController) -> Int { controller.delegator == nil ? 1 : 2 }

    private mutating func addController(below delegator: ScriptedController?) throws {
        let controller = ScriptedController(
            "aid\(controllers.count)", plan: plan, log: log, delegator: delegator, random: &random)
        controllers.append(controller)
        try add(controller.incept(random: &random), of: controller)
    }

    /// Puts the delegator's seal before an event that needs one, then the event.
    private mutating func add(_ message: ScriptedMessage, of controller: ScriptedController) throws {
        var message = message
        var source: KeyState?
        if let delegator = controller.delegator, message.event.kind.needsDelegator {
            let event = message.event
            let seal = EventSeal(aid: event.aid, sn: event.sn, said: event.said).value
            let rotates = delegator.isEstablishmentOnly || delegator.delegator == nil && random.chance(20)
            let sealing =
                rotates
                ? try delegator.rotate(sealing: [seal], random: &random)
                : try delegator.interact([seal], random: &random)
            try add(sealing, of: delegator)
            source = delegator.state
        }
        try controller.commit(&message, sealedBy: source)
        messages.append(message)
    }

    /// The messages in their order; with disorder some come late and some witness signatures by receipt.
    private mutating func stream() throws -> [UInt8] {
        let isDelegated = plan.features.contains("delegated")
        let disorder =
            plan.features.contains("disorder")
            && !(isDelegated && plan.avoid.contains("delegates-arrive-in-order"))
        var parts: [[UInt8]] = []
        for var message in messages {
            let signatures = message.attachments.witnessSignatures
            // keripy loses witness signatures of events that wait for their delegator.
            if disorder, !isDelegated, !signatures.isEmpty, random.chance(30) {
                let kept = random.number(0...max(0, message.witnessThreshold - 1))
                message.attachments.witnessSignatures = Array(signatures.prefix(kept))
                parts.append(try message.encoded())
                var receipts = Attachments()
                receipts.witnessSignatures = Array(signatures.dropFirst(kept))
                let event = EventSeal(aid: message.event.aid, sn: message.event.sn, said: message.event.said)
                parts.append(try MessageBuilder.receipt(of: event) + receipts.encoded())
            } else {
                parts.append(try message.encoded())
            }
        }
        if disorder {
            for place in parts.indices.dropFirst() where random.chance(15) { parts.swapAt(place - 1, place) }
        }
        return parts.flatMap { $0 }
    }
}
