// SPDX-License-Identifier: Apache-2.0

/// Which events are made, and what goes wrong meanwhile: all of it follows from a seed.
package struct FaultSchedule: Sendable, Hashable {
    /// How an event comes to be.
    package enum Kind: Sendable, Hashable {
        case inception
        case interaction
        case rotation
        /// A rotation that puts one witness into the place of another, by their numbers.
        case swap(cut: Int, added: Int)
    }

    /// Something that goes wrong with one witness.
    package struct Trouble: Sendable, Hashable {
        package let witness: Int
        package let fault: Fault
        /// How long after the beginning of the delivery it sets in, in milliseconds.
        package let delay: Int
    }

    /// One event.
    package struct Step: Sendable, Hashable {
        package var kind: Kind
        /// Whether everything that is wrong ends before the event is made.
        package var heals = false
        /// What goes wrong while the event is delivered, and stays so.
        package var begins: [Trouble] = []
    }

    /// The events in order.
    package let steps: [Step]
    /// How many witnesses there are; all but the last one are in force at first.
    package let witnesses: Int

    /// Plans `events` events at `witnesses` witnesses, one of which is always out of force.
    ///
    /// Spells of trouble follow each other, each at another witness and with another fault than the one before. Every
    /// third spell takes a second witness, every eighth three at once, so that two of five are left and no event can
    /// reach a threshold of three.
    package init(events: Int, witnesses: Int = 6, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var steps = (0..<events).map { number in
            Step(kind: number == 0 ? .inception : number % 37 == 36 ? .rotation : .interaction)
        }
        var inForce = Array(0..<(witnesses - 1))
        var spare = witnesses - 1
        var lists: [[Int]] = []
        let swaps = events < 30 ? [] : [events / 3, events * 2 / 3]
        for number in steps.indices {
            if swaps.contains(number) {
                let cut = inForce.remove(at: Int.random(in: inForce.indices, using: &random))
                steps[number].kind = .swap(cut: cut, added: spare)
                inForce.append(spare)
                spare = cut
            }
            lists.append(inForce)
        }
        var place = 3
        var spell = 0
        var turns = [Int](repeating: 0, count: witnesses)
        while place < events - 2 {
            let list = lists[place]
            let isWide = spell % 8 == 7
            let count = min(list.count, isWide ? 3 : spell % 3 == 2 ? 2 : 1)
            for offset in 0..<count {
                // Each witness goes through all faults in turn, beginning at another one.
                let witness = list[(spell + offset) % list.count]
                let fault = Fault.allCases[(turns[witness] + witness * 3) % Fault.allCases.count]
                turns[witness] += 1
                steps[place].begins.append(
                    Trouble(witness: witness, fault: fault, delay: Int.random(in: 0...40, using: &random)))
            }
            let length = isWide ? 2 : Int.random(in: 2...7, using: &random)
            place = min(place + length, events - 1)
            steps[place].heals = true
            place += Int.random(in: 1...3, using: &random)
            spell += 1
        }
        self.steps = steps
        self.witnesses = witnesses
    }

    /// How often each fault is planned.
    package var counts: [Fault: Int] {
        steps.flatMap(\.begins).reduce(into: [:]) { $0[$1.fault, default: 0] += 1 }
    }
}
