// SPDX-License-Identifier: Apache-2.0

import FaultDrill
import Testing

/// What is planned to go wrong.
struct FaultScheduleTests {
    @Test func repeatsWithItsSeed() {
        #expect(FaultSchedule(events: 300, seed: 7) == FaultSchedule(events: 300, seed: 7))
        #expect(FaultSchedule(events: 300, seed: 7) != FaultSchedule(events: 300, seed: 8))
    }

    @Test(arguments: [UInt64(1), 2, 99]) func bringsEveryFaultToEveryWitness(seed: UInt64) {
        let schedule = FaultSchedule(events: 1000, seed: seed)
        #expect(Set(schedule.counts.keys) == Set(Fault.allCases))
        let troubles = schedule.steps.flatMap(\.begins)
        for witness in 0..<schedule.witnesses {
            let faults = Set(troubles.filter { $0.witness == witness }.map(\.fault))
            #expect(faults.contains(.killed), "witness \(witness)")
            #expect(faults.contains(.paused), "witness \(witness)")
            #expect(faults.contains { !$0.isOfProcess }, "witness \(witness)")
        }
    }

    @Test func troublesOnlyWhoIsInForceAndEndsEachSpell() {
        let schedule = FaultSchedule(events: 1000, seed: 3)
        var inForce = Set(0..<5)
        var isOpen = false
        var swaps = 0
        var widest = 0
        for step in schedule.steps {
            if step.heals { isOpen = false }
            if case .swap(let cut, let added) = step.kind {
                #expect(inForce.remove(cut) != nil)
                #expect(inForce.insert(added).inserted)
                swaps += 1
            }
            if !step.begins.isEmpty {
                #expect(!isOpen)
                isOpen = true
                #expect(Set(step.begins.map(\.witness)).isSubset(of: inForce))
                #expect(Set(step.begins.map(\.witness)).count == step.begins.count)
                widest = max(widest, step.begins.count)
            }
        }
        #expect(!isOpen)
        #expect(swaps == 2)
        #expect(widest == 3)
        #expect(schedule.steps.count == 1000)
        #expect(schedule.steps.filter { $0.kind == .rotation }.count > 20)
    }
}
