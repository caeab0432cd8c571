// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NodeLocal

struct KubeletPlaceTests {
    @Test(arguments: [
        ("https://127.0.0.1:10250", "https://127.0.0.1:10250"), ("https://node-1", "https://node-1:10250"),
        ("https://[::1]:1/", "https://[::1]:1"), ("http://127.0.0.1", "http://127.0.0.1:10255"),
        ("http://[::1]:10255", "http://[::1]:10255"), ("https://10.0.0.7:65535", "https://10.0.0.7:65535"),
    ])
    func `a URL is read`(text: String, whole: String) {
        #expect(KubeletPlace(text)?.description == whole)
    }

    @Test(arguments: [
        "", "127.0.0.1:10250", "https://", "https://:1", "https://a:0", "https://a:65536", "https://a:+1", "https://a:",
        "https://a/pods", "https://u@a", "https://a?x", "https://[::1", "https://[a]:1", "https://[::1]x",
        "https://a b",
        "ftp://a", "HTTPS://a", "https://a:1:2", "https://::1",
    ])
    func `anything else is refused`(text: String) { #expect(KubeletPlace(text) == nil) }

    @Test(arguments: ["http://10.0.0.7:10255", "http://localhost:10255", "http://127.evil.example", "http://[fe80::1]"])
    func `plain HTTP stays on the machine`(text: String) { #expect(KubeletPlace(text) == nil) }

    @Test func `a loopback address is one by its number`() {
        #expect(KubeletPlace("https://127.8.9.1")?.isLoopback == true)
        #expect(KubeletPlace("https://[::1]")?.isLoopback == true)
        #expect(KubeletPlace("https://127.evil.example")?.isLoopback == false)
        #expect(KubeletPlace("https://localhost")?.isLoopback == false)
    }
}
