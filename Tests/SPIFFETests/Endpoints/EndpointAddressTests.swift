// SPDX-License-Identifier: Apache-2.0

import KelmarkTestSupport
import SPIFFE
import Testing

struct EndpointCase: Decodable, Sendable, CustomTestStringConvertible {
    let input: String
    let valid: Bool
    let target: String?

    var testDescription: String { input.isEmpty ? "empty" : input }
    static let all = try! Vectors.decode([EndpointCase].self, from: "SPIFFE/endpoint_sockets.json")
}

struct EndpointAddressTests {
    @Test(arguments: EndpointCase.all)
    func endpointVector(_ vector: EndpointCase) throws {
        if vector.valid {
            #expect(try EndpointAddress(vector.input).description == vector.target)
        } else {
            #expect(throws: EndpointAddressError.self) { try EndpointAddress(vector.input) }
        }
    }

    @Test func everyVectorRuns() {
        #expect(EndpointCase.all.count == 21)
        #expect(EndpointCase.all.filter(\.valid).count == 4)
    }

    @Test(arguments: [
        ("unix", EndpointAddressError.scheme), ("UNIX:///a", .scheme), ("unixs:///a", .scheme), (":", .scheme),
        ("unix://a", .authority), ("unix:////a", .authority), ("unix:///", .relativePath), ("unix:/", .relativePath),
        ("unix:a", .relativePath), ("unix:///a%20b", .character), ("unix:///a\u{0}b", .character),
        ("unix:///a\n", .character), ("unix:///a?", .character), ("unix:///a#", .character),
        ("tcp:/127.0.0.1:1", .authority), ("tcp://127.0.0.1:", .port), ("tcp://127.0.0.1:0", .port),
        ("tcp://127.0.0.1:080", .port), ("tcp://127.0.0.1:65536", .port), ("tcp://127.0.0.1:+1", .port),
        ("tcp://127.0.0.1:1/", .port), ("tcp://127.0.0.1:1#", .port), ("tcp://127.0.0:1", .host),
        ("tcp://127.0.0.01:1", .host), ("tcp://127.0.0.256:1", .host), ("tcp://0x7f.0.0.1:1", .host),
        ("tcp://u@127.0.0.1:1", .host), ("tcp://::1:1", .host), ("tcp://[::1:1", .host), ("tcp://[]:1", .host),
        ("tcp://[::1%25lo]:1", .host), ("tcp://[1:2:3:4:5:6:7]:1", .host), ("tcp://[1:2:3:4:5:6:7:8:9]:1", .host),
        ("tcp://[1::2::3]:1", .host), ("tcp://[:1]:1", .host), ("tcp://[1:2:3:4:5:6:7:]:1", .host),
        ("tcp://[12345::]:1", .host), ("tcp://[1.2.3.4::]:1", .host), ("tcp://[g::]:1", .host),
        ("tcp://[1:2:3:4:5:6:7::8]:1", .host), ("tcp://[:::]:1", .host),
    ])
    func otherTextsAreRefused(_ text: String, _ error: EndpointAddressError) {
        #expect(throws: error) { try EndpointAddress(text) }
    }

    @Test(arguments: [
        "tcp://[::]:1", "tcp://[1:2:3:4:5:6:7:8]:1", "tcp://[1::]:1", "tcp://[::ffff:1.2.3.4]:65535",
        "tcp://[1:2:3:4:5:6:1.2.3.4]:1", "tcp://[1:2:3::6:7:8]:1", "tcp://[ABCD::ef01]:1",
    ])
    func addressesOfVersionSixAreRead(_ text: String) throws {
        #expect(try EndpointAddress(text).description == text.replacing("tcp://", with: "tcp:"))
    }

    @Test func pathsFitIntoASocketAddress() throws {
        let longest = "/" + String(repeating: "a", count: 106)
        #expect(try EndpointAddress("unix://" + longest) == .unix(path: longest))
        #expect(throws: EndpointAddressError.pathTooLong) { try EndpointAddress("unix://" + longest + "a") }
    }
}
