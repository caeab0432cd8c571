// SPDX-License-Identifier: Apache-2.0

extension ProofPart {
    /// Whether it is an authority statement.
    var isStatement: Bool {
        if name.kind == .record, case .statement? = try? BindingRecord(parsing: content) { true } else { false }
    }

    /// The same part with other content. Its name is made anew when the file is read.
    func replacing(_ content: [UInt8]) -> ProofPart {
        ProofPart(name: name, count: count, content: content, offset: offset, events: events)
    }

    /// The first event whose message contains `identifier`; the first event of the log itself does not count.
    func firstEvent(naming identifier: String) -> Int? {
        let wanted = Array(identifier.utf8)
        return events.indices.dropFirst().first { index in
            content[events[index].range].contains(wanted)
        }
    }

    /// A character in the middle of the SAID of an event.
    func saidPlace(ofEvent index: Int) -> Int {
        let range = events[index].range
        let said = Array(events[index].position.said.utf8)
        let start = content[range].firstRange(of: said)?.lowerBound ?? range.lowerBound
        return start + said.count / 2
    }

    /// A character in the first signature of an event: behind the body, the counter and the index.
    func signaturePlace(ofEvent index: Int) -> Int {
        events[index].bodyEnd + 40
    }

    /// A character in the digest of the place where an event is sealed, which ends its message.
    func sourcePlace(ofEvent index: Int) -> Int {
        events[index].range.upperBound - 10
    }
}
