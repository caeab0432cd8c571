// SPDX-License-Identifier: Apache-2.0

import KERINetwork
import Testing

struct PeerURLTests {
    @Test(arguments: [
        ("http://127.0.0.1:5642/", "http://127.0.0.1:5642/"), ("HTTP://Example.org", "http://example.org:80/"),
        ("https://example.org/a/b", "https://example.org:443/a/b"), ("tcp://[::1]:5632", "tcp://[::1]:5632/"),
    ])
    func reads(_ text: String, _ expected: String) {
        let url = PeerURL(text)
        #expect(url?.description == expected)
        #expect(url.flatMap { PeerURL($0.description) } == url)
    }

    @Test(arguments: [
        "", "http:/x", "ftp://x/", "tcp://x", "http://", "http://:80/", "http://u@x/", "http://x:0/", "http://x:65536/",
        "http://x:/", "http://x:8 0/", "http://x/a b", "http://x/?q", "http://x/#f", "http://x\\y/", "http://[::1/",
        "http://[x]/", "http://a:b:80/", "http://x/\u{e9}", "http://x:+80/",
        "http://" + String(repeating: "x", count: 3000),
    ])
    func refuses(_ text: String) { #expect(PeerURL(text) == nil) }

    @Test func joinsPaths() {
        #expect(PeerURL("http://x/a/")?.below("oobi") == "/a/oobi")
        #expect(PeerURL("http://x")?.below("/oobi") == "/oobi")
    }
}
